package mse_test

import (
	"strings"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// keeper is a media element that keeps track lists and nothing else.
type keeper struct {
	lists *mse.TrackLists
}

func (k keeper) TrackLists() *mse.TrackLists             { return k.lists }
func (keeper) HasError() bool                            { return false }
func (keeper) DurationChanged(*mse.Tx, media.Time)       {}
func (keeper) TracksChanged(*mse.Tx)                     {}
func (keeper) NewTracksActive(*mse.Tx)                   {}
func (keeper) MetadataComplete(*mse.Tx)                  {}
func (keeper) BufferedChanged(*mse.Tx)                   {}
func (keeper) PlayheadRemoved(*mse.Tx)                   {}
func (keeper) StreamEnded(*mse.Tx, mse.EndReason, error) {}

// TestTrackList follows two SourceBuffers' tracks through the lists: what is in them, and the events.
func TestTrackList(t *testing.T) {
	var queue []func()
	loop := mse.NewEventLoop(func(run func()) { queue = append(queue, run) })
	pump := func() {
		for len(queue) > 0 {
			queue[0]()
			queue = queue[1:]
		}
	}
	ms := mse.New(mse.Options{Loop: loop, Private: map[string]func() bytestream.Parser{msetest.TextType: msetest.NewTextParser}})
	own := mse.NewTrackLists(loop)
	a, err := ms.Attach(keeper{own})
	if err != nil {
		t.Fatal(err)
	}
	var log []string
	listen := func(name string, l interface {
		Listen(func(mse.Event)) func()
	}) {
		l.Listen(func(e mse.Event) {
			s := name + "." + e.Type
			if e.Track != nil {
				s += ":" + e.Track.Kind().String() + e.Track.ID()
			}
			log = append(log, s)
		})
	}
	check := func(step, want string) {
		t.Helper()
		pump()
		if got := strings.Join(log, " "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", step, got, want)
		}
		log = nil
	}
	listen("own.audio", own.Audio)
	listen("own.video", own.Video)
	listen("own.text", own.Text)
	listen("active", ms.ActiveSourceBuffers())
	var sbs []*mse.SourceBuffer
	for _, name := range []string{"a", "b"} {
		sb, err := ms.AddSourceBuffer(msetest.TextType)
		if err != nil {
			t.Fatal(err)
		}
		listen(name+".audio", sb.AudioTracks())
		listen(name+".video", sb.VideoTracks())
		listen(name+".text", sb.TextTracks())
		sbs = append(sbs, sb)
	}
	add := func(i int, init string) {
		t.Helper()
		if err := sbs[i].AppendBuffer([]byte("init " + init + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	add(0, "video h264 audio aac audio aac text webvtt")
	check("init a", "a.video.addtrack:video1 own.video.addtrack:video1 a.audio.addtrack:audio2 own.audio.addtrack:audio2 "+
		"a.audio.addtrack:audio3 own.audio.addtrack:audio3 a.text.addtrack:text4 own.text.addtrack:text4 active.addsourcebuffer")
	v1, a2, a3, s4 := own.Video.At(0), own.Audio.At(0), own.Audio.At(1), own.Text.At(0)
	if own.Video.Len() != 1 || own.Audio.Len() != 2 || own.Text.Len() != 1 || own.Audio.At(2) != nil || own.Audio.At(-1) != nil {
		t.Errorf("lengths %d %d %d", own.Video.Len(), own.Audio.Len(), own.Text.Len())
	}
	if sbs[0].VideoTracks().At(0) != v1 || own.Audio.ByID(a3.ID()) != a3 || own.Audio.ByID("none") != nil {
		t.Error("the lists do not hold the same tracks")
	}
	if !v1.Selected() || !a2.Enabled() || a3.Enabled() || s4.Mode() != mse.Disabled || own.Video.SelectedIndex() != 0 || own.Text.SelectedIndex() != -1 {
		t.Error("the first audio and video tracks, and no others, are on")
	}
	if got := v1.Role() + " " + a2.Role() + " " + a3.Role() + " " + s4.Role(); got != "main main translation subtitles" {
		t.Errorf("roles %s", got)
	}
	// A muxed buffer stays active.
	a2.SetEnabled(false)
	a2.SetEnabled(false)
	check("disable", "a.audio.change own.audio.change")
	v1.SetSelected(false)
	check("unselect", "a.video.change own.video.change active.removesourcebuffer")
	s4.SetMode(mse.Hidden)
	s4.SetMode(mse.Showing)
	check("show", "active.addsourcebuffer a.text.change own.text.change")
	v1.SetSelected(true)
	s4.SetMode(mse.Disabled)
	check("select", "a.video.change own.video.change a.text.change own.text.change")
	// Only one video track of a list is selected.
	add(1, "video h264 video h264")
	check("init b", "b.video.addtrack:video5 own.video.addtrack:video5 a.video.change own.video.change active.removesourcebuffer b.video.addtrack:video6 own.video.addtrack:video6 "+
		"active.addsourcebuffer")
	v5, v6 := own.Video.At(1), own.Video.At(2)
	if v1.Selected() || !v5.Selected() || v6.Selected() || own.Video.SelectedIndex() != 1 {
		t.Errorf("selected: %v %v %v", v1.Selected(), v5.Selected(), v6.Selected())
	}
	v6.SetSelected(true)
	check("select another", "b.video.change own.video.change")
	v1.SetSelected(true)
	check("select across buffers", "b.video.change own.video.change a.video.change active.removesourcebuffer active.addsourcebuffer")
	if v6.Selected() || !v1.Selected() {
		t.Error("two video tracks are selected")
	}
	// A track of the element's own.
	mine := mse.NewTextTrack(loop, "captions", "name", "en")
	loop.Do(func(tx *mse.Tx) {
		mine.SetModeTx(tx, mse.Hidden)
		own.Text.AddTx(tx, mine)
	})
	mine.SetMode(mse.Showing)
	check("own text track", "own.text.addtrack:text own.text.change")
	if mine.SourceBuffer() != nil || mine.Role() != "captions" || mine.Label() != "name" || mine.Language() != "en" || mine.ID() != "" {
		t.Errorf("own text track: %+v", mine)
	}
	// Removal.
	if err := ms.RemoveSourceBuffer(sbs[1]); err != nil {
		t.Fatal(err)
	}
	check("remove b", "b.video.removetrack:video5 own.video.removetrack:video5 b.video.removetrack:video6 own.video.removetrack:video6")
	if v5.SourceBuffer() != nil || v1.SourceBuffer() != sbs[0] || own.Video.Len() != 1 || sbs[1].VideoTracks().Len() != 0 {
		t.Error("tracks of a removed buffer")
	}
	v5.SetSelected(true)
	check("a removed track changes silently", "")
	a.Detach()
	pump()
	log = nil
	if own.Video.Len() != 0 || own.Audio.Len() != 0 || own.Text.Len() != 1 || sbs[0].AudioTracks().Len() != 0 || v1.SourceBuffer() != nil {
		t.Error("tracks after detaching")
	}
}
