package player_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/player"
	"mseplayer/player/playertest"
)

// TestTimedEvents plays a manifest and media with events, and looks at what the report says of them.
func TestTimedEvents(t *testing.T) {
	within(t, func(t *testing.T) {
		files := playertest.Package{Periods: []float64{6}}.Files()
		const stream = `<EventStream schemeIdUri="urn:m" value="v" timescale="10"><Event presentationTime="20" duration="10" id="5">text</Event></EventStream>`
		files["manifest.mpd"] = &fstest.MapFile{Data: bytes.Replace(files["manifest.mpd"].Data, []byte("\">\n"+"<AdaptationSet"), []byte("\">\n"+stream+"<AdaptationSet"), 1)}
		box := []byte("\x00\x00\x00\x2eemsg\x01\x00\x00\x00\x00\x00\x03\xe8\x00\x00\x00\x00\x00\x00\x0b\xb8\xff\xff\xff\xff\x00\x00\x00\x09urn:x\x00w\x00\xff\x00")
		box[3] = byte(len(box))
		n := 0
		for name, f := range files { // it is said in every segment, and counts once
			if at := bytes.Index(f.Data, []byte("moof")); at >= 4 {
				data := append(append(bytes.Clone(f.Data[:at-4]), box...), f.Data[at-4:]...)
				files[name] = &fstest.MapFile{Data: data}
				n++
			}
		}
		if n == 0 {
			t.Fatal("no segment")
		}
		r := newRig(t, files, player.Config{})
		defer r.stop()
		r.open()
		r.p.Play()
		r.finish(10 * time.Second)
		b, err := r.report().JSON()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Timed []json.RawMessage `json:"timedEvents"`
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		want := []string{
			`{"start":2.0,"duration":1.0,"scheme":"urn:m","value":"v","id":"5","data":"text","reached":true}`,
			`{"start":3.0,"duration":null,"scheme":"urn:x","value":"w","id":"9","data":"/wA=","encoding":"base64","reached":true}`,
		}
		if len(got.Timed) != len(want) {
			t.Fatalf("got %s, want %s", got.Timed, want)
		}
		for i, raw := range got.Timed {
			var line bytes.Buffer
			if err := json.Compact(&line, raw); err != nil || line.String() != want[i] {
				t.Errorf("got %s, want %s", line.String(), want[i])
			}
		}
	})
}
