package bytestreamtest

import (
	"encoding/json"
	"os/exec"
	"testing"
)

// Packet is one packet as ffprobe lists it. Times are in ticks of the time base; a time that is not known is empty.
type Packet struct {
	Stream   int         `json:"stream_index"`
	PTS      json.Number `json:"pts"`
	DTS      json.Number `json:"dts"`
	Duration json.Number `json:"duration"`
	Size     json.Number `json:"size"`
	Flags    string      `json:"flags"`
}

// Probed is what ffprobe says about a file.
type Probed struct {
	Packets []Packet `json:"packets"`
	Streams []struct {
		Index    int    `json:"index"`
		ID       string `json:"id"`
		Type     string `json:"codec_type"`
		Name     string `json:"codec_name"`
		TimeBase string `json:"time_base"`
	} `json:"streams"`
}

// Probe runs ffprobe, which is at tool. What it says counts even where it ends with an error.
func Probe(t *testing.T, tool, path string) (p Probed) {
	t.Helper()
	out, err := exec.Command(tool, "-v", "quiet", "-of", "json", "-show_streams", "-show_packets",
		"-show_entries", "stream=index,id,codec_type,codec_name,time_base:packet=stream_index,pts,dts,duration,size,flags", path).Output()
	if len(out) == 0 {
		t.Fatalf("%s: %v", path, err)
	}
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return p
}
