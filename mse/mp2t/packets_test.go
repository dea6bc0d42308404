package mp2t_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// probed is what ffprobe prints about streams and packets.
type probed struct {
	Streams []struct {
		Index     int    `json:"index"`
		ID        string `json:"id"`
		CodecType string `json:"codec_type"`
	} `json:"streams"`
	Packets []probedPacket `json:"packets"`
}

type probedPacket struct {
	Stream   int    `json:"stream_index"`
	PTS      *int64 `json:"pts"`
	DTS      *int64 `json:"dts"`
	Duration int64  `json:"duration"`
	Size     string `json:"size"`
	Flags    string `json:"flags"`
}

// probe runs ffprobe over a stream.
func probe(t *testing.T, b []byte) (p probed) {
	t.Helper()
	cmd := exec.Command("ffprobe", "-v", "quiet", "-show_packets", "-show_streams", "-of", "json", "-f", "mpegts", "-")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffprobe: %v", err)
	}
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// differs compares a frame with a packet of ffprobe, "" if they agree. next is the frame behind it, nil behind the last.
func differs(f, next *media.CodedFrame, k *probedPacket) string {
	const adtsHead, adtsChecked = 7, 9
	times, lengths := 0.01, 1.0 // in ticks
	sizes := []int{0}
	switch {
	case f.Config.Kind == media.Audio:
		times = rounded * 90000
		if f.Config.Codec == media.AAC && f.Config.Extradata != nil {
			sizes = []int{adtsHead, adtsChecked}
		}
	case f.Config.Codec == media.HEVC:
		sizes = []int{-1, 0, 1} // the zero byte in front of a start code goes to another frame
	}
	off := func(v float64, want *int64) bool {
		return want != nil && math.Abs(math.Remainder(v*90000-float64(*want), 1<<33)) > times
	}
	if off(float64(f.PTS)-float64(f.TrimFront), k.PTS) || off(float64(f.DTS), k.DTS) {
		return fmt.Sprintf("pts %.3f, dts %.3f ticks, want %d, %d", f.PTS*90000, f.DTS*90000, deref(k.PTS), deref(k.DTS))
	}
	d := float64(f.Duration+f.TrimFront+f.TrimBack) * 90000
	step := next != nil && math.Abs(float64(next.DTS.Sub(f.DTS))*90000-d) < 0.01 // irregular, but true
	if k.Duration > 0 && math.Abs(d-float64(k.Duration)) >= lengths && !step {
		return fmt.Sprintf("length %.3f ticks, want %d", d, k.Duration)
	}
	if f.RAP != (k.Flags[0] == 'K') {
		return fmt.Sprintf("random access %v, want %v", f.RAP, !f.RAP)
	}
	size, _ := strconv.Atoi(k.Size)
	for _, more := range sizes {
		if len(f.Data)+more == size {
			return ""
		}
	}
	return fmt.Sprintf("%d bytes, want %d", len(f.Data), size)
}

func deref(v *int64) int64 {
	if v == nil {
		return math.MinInt64
	}
	return *v
}

// knownPackets lists where we deviate from ffprobe, with the reason.
var knownPackets = map[string]string{
	"ts_ps/androidx/sample_ac3.ts": "begins and ends inside of frames; the tool counts the fragments and gives the first one the time of the first frame",
}

// TestPackets compares every frame of the collection's transport streams with the packets that ffprobe finds.
func TestPackets(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestGolden covers built content")
		return
	}
	if _, err := exec.LookPath("ffprobe"); err != nil {
		t.Log("there is no ffprobe here: TestFacts compares counts and times with its results")
		return
	}
	n, good, frames := 0, 0, 0
	for _, s := range samples(t, dir) {
		bytestreamtest.CheckCuts(t, s.name, s.b, digestOf)
		r, _, err := parse(bytes.Clone(s.b))
		var dev []string
		if err != nil {
			dev = append(dev, err.Error())
		}
		p := probe(t, s.b)
		compared := false
		for _, stream := range p.Streams {
			if stream.CodecType != "video" && stream.CodecType != "audio" {
				continue
			}
			id, err := strconv.ParseUint(stream.ID, 0, 16)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Inits) > 0 && refusedIn(r.Inits[0], uint32(id)) {
				continue // not supported, as golden files show
			}
			compared = true
			mine, at := r.Frames[uint32(id)], 0
			for i := range p.Packets {
				k := &p.Packets[i]
				if k.Stream != stream.Index {
					continue
				}
				if at < len(mine) && len(dev) < 5 {
					var next *media.CodedFrame
					if at+1 < len(mine) {
						next = &mine[at+1]
					}
					if what := differs(&mine[at], next, k); what != "" {
						dev = append(dev, fmt.Sprintf("PID %d frame %d: %s", id, at, what))
					}
				}
				at++
			}
			if at != len(mine) {
				dev = append(dev, fmt.Sprintf("PID %d: %d frames, want %d", id, len(mine), at))
			}
			frames += at
		}
		if !compared {
			continue
		}
		n++
		if bytestreamtest.Judge(t, knownPackets, s.name, dev) {
			good++
		}
	}
	t.Logf("%d of %d streams agree, %d packets", good, n, frames)
}

// refusedIn reports whether a track was listed as one that cannot be played.
func refusedIn(s *media.InitSegment, id uint32) bool {
	for _, t := range s.Tracks {
		if t.ID == id {
			return t.Config.Codec == ""
		}
	}
	return false
}
