package mse_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/mse/msetest"
)

// textPage is a page whose audio/mpeg, a format that generates time stamps, and private types are text.
func textPage(t *testing.T, o mse.Options) *page {
	t.Helper()
	o.Formats = map[mime.Container]func() bytestream.Parser{mime.MPEGAudio: msetest.NewTextParser}
	o.Private = map[string]func() bytestream.Parser{msetest.TextType: msetest.NewTextParser, otherType: msetest.NewTextParser}
	return newPageWith(t, &medium{name: "text"}, o)
}

// text appends lines of text and returns the events.
func (p *page) text(sb *mse.SourceBuffer, lines ...string) string {
	p.Helper()
	p.pump()
	delete(p.events, "sb")
	p.ok(sb.AppendBuffer([]byte(strings.Join(lines, "\n") + "\n")))
	p.pump()
	return strings.Join(p.events["sb"], " ")
}

const (
	goodEvents = "updatestart update updateend"
	badEvents  = "updatestart error updateend"
)

// TestSourceBuffer_ChangeType: what was appended stays, the tracks must be of the same kinds, and media has to wait for an
// initialization segment.
func TestSourceBuffer_ChangeType(t *testing.T) {
	tests := []struct {
		name, init, lines string
		want, buffered    string
	}{
		{"another codec", "init video h264 audio aac", "init video vp9 audio opus\n1000K 1040\n2: 1000D40K 1040D40K", goodEvents, "[0,0.08) [1,1.08)"},
		{"no initialization segment", "init video h264 audio aac", "1000K 1040", badEvents, "[0,0.08)"},
		{"fewer tracks", "init video h264 audio aac", "init video vp9", badEvents, "[0,0.08)"},
		{"another kind", "init video h264 audio aac", "init audio aac audio opus", badEvents, "[0,0.08)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := textPage(t, mse.Options{})
			sb := p.add(msetest.TextType)
			p.is("events", p.text(sb, tt.init, "0K 40", "2: 0D40K 40D40K"), goodEvents)
			p.ok(sb.ChangeType(otherType))
			p.is("events", p.text(sb, strings.Split(tt.lines, "\n")...), tt.want)
			b, _ := sb.Buffered()
			if tt.want == badEvents {
				p.is("error", p.code, 3)
				return
			}
			p.is("buffered", roundRanges(b), tt.buffered)
			p.is("tracks", []int{sb.VideoTracks().Len(), sb.AudioTracks().Len()}, []int{1, 1})
		})
	}
}

// roundRanges prints ranges in milliseconds' precision.
func roundRanges(r media.Ranges) string {
	var out []string
	for _, x := range r {
		out = append(out, fmt.Sprintf("[%.4g,%.4g)", x.Start, x.End))
	}
	return strings.Join(out, " ")
}

// TestSourceBuffer_GenerateTimestamps appends to a format whose frames carry no times.
func TestSourceBuffer_GenerateTimestamps(t *testing.T) {
	p := textPage(t, mse.Options{})
	sb := p.add("audio/mpeg")
	p.is("mode", sb.Mode(), mse.Sequence)
	p.fails(sb.SetMode(mse.Segments), mse.TypeError)
	// Whatever times are written, one frame follows the other.
	p.text(sb, "init audio mp3", "70D20K 10D20K 500D20K")
	p.is("offset", fmt.Sprintf("%.3g", sb.TimestampOffset()), "0.06")
	// abort goes on where the last group ended.
	p.ok(sb.Abort())
	p.text(sb, "0D20K")
	b, _ := sb.Buffered()
	p.is("buffered", roundRanges(b), "[0,0.08)")
	// Another format takes its own times again, in the mode that was set.
	p.ok(sb.ChangeType(msetest.TextType))
	p.is("mode", sb.Mode(), mse.Sequence)
	p.ok(sb.SetMode(mse.Segments))
	p.ok(sb.SetTimestampOffset(0))
	p.text(sb, "init audio aac", "200D20K")
	b, _ = sb.Buffered()
	p.is("buffered", roundRanges(b), "[0,0.08) [0.2,0.22)")
	p.ok(sb.ChangeType("audio/mpeg"))
	p.is("mode", sb.Mode(), mse.Sequence)
	p.text(sb, "init audio mp3", "0D20K")
	b, _ = sb.Buffered()
	p.is("buffered", roundRanges(b), "[0,0.08) [0.2,0.24)")
}

// TestSourceBuffer_InitSegment checks later initialization segments against the first.
func TestSourceBuffer_InitSegment(t *testing.T) {
	tests := []struct {
		name string
		segs []*media.InitSegment
		want string // "" for none
	}{
		{"no track", []*media.InitSegment{initOf()}, "no track"},
		{"two tracks of one ID", []*media.InitSegment{initOf("v1", "a1")}, "two tracks have the ID 1"},
		{"one track of a kind may change its ID", []*media.InitSegment{initOf("v1", "a2"), initOf("v7", "a1")}, ""},
		{"IDs may swap between kinds", []*media.InitSegment{initOf("v1", "a2"), initOf("v2", "a1")}, ""},
		{"several tracks of a kind keep theirs", []*media.InitSegment{initOf("a1", "a2"), initOf("a2", "a1")}, ""},
		{"an ID of several is new", []*media.InitSegment{initOf("a1", "a2"), initOf("a1", "a3")}, "audio track 3 was not"},
		{"an ID of several that another kind had", []*media.InitSegment{initOf("v3", "a1", "a2"), initOf("v1", "a1", "a3")}, "two tracks have the ID 1"},
		{"a track more", []*media.InitSegment{initOf("v1"), initOf("v1", "a2")}, "1 audio tracks, the first one had 0"},
		{"a text track less", []*media.InitSegment{initOf("v1", "t2"), initOf("v1")}, "0 text tracks, the first one had 1"},
		{"a size that changes", []*media.InitSegment{initOf("v1"), initOf("v1")}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ms := mse.New(mse.Options{Private: map[string]func() bytestream.Parser{"x/inits": func() bytestream.Parser { return &inits{todo: tt.segs} }}})
			a, err := ms.Attach(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Detach()
			sb, err := ms.AddSourceBuffer("x/inits")
			if err != nil {
				t.Fatal(err)
			}
			err = sb.Append(context.Background(), []byte{})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if tt.want == "" && len(sb.Tracks()) != len(tt.segs[0].Tracks) {
				t.Errorf("%d tracks", len(sb.Tracks()))
			}
		})
	}
}

// initOf makes an initialization segment of tracks written as kind and ID.
func initOf(tracks ...string) *media.InitSegment {
	s := &media.InitSegment{Duration: media.Forever}
	for _, w := range tracks {
		kind := map[byte]media.Kind{'v': media.Video, 'a': media.Audio, 't': media.Text}[w[0]]
		s.Tracks = append(s.Tracks, media.TrackInfo{ID: uint32(w[1] - '0'), Kind: kind, Config: &media.DecoderConfig{Kind: kind, Codec: "x"}})
	}
	return s
}

// inits is a parser that finds initialization segments whatever it is given. It counts what it is told about offsets.
type inits struct {
	todo   []*media.InitSegment
	resets int
}

func (p *inits) Push([]byte)             {}
func (p *inits) State() bytestream.State { return bytestream.WaitingForSegment }
func (p *inits) Reset()                  {}
func (p *inits) Buffered() int           { return 0 }
func (p *inits) ResetTimestampOffset()   { p.resets++ }

func (p *inits) Step(h bytestream.Handler) (bool, error) {
	if len(p.todo) == 0 {
		return false, nil
	}
	s := p.todo[0]
	p.todo = p.todo[1:]
	return true, h.InitSegment(s)
}

// TestSourceBuffer_ParserOffset: an offset set by the application resets the one that a parser keeps.
func TestSourceBuffer_ParserOffset(t *testing.T) {
	parser := &inits{}
	p := newPageWith(t, &medium{}, mse.Options{Private: map[string]func() bytestream.Parser{"x/inits": func() bytestream.Parser { return parser }}})
	sb := p.add("x/inits")
	p.ok(sb.SetTimestampOffset(1))
	p.fails(sb.SetTimestampOffset(media.Span(inf)), mse.TypeError)
	p.is("resets", parser.resets, 1)
}

// TestSourceBuffer_Text keeps text tracks: they count for the end of what is buffered, and a cue that begins inside
// another one cuts it.
func TestSourceBuffer_Text(t *testing.T) {
	p := textPage(t, mse.Options{})
	sb := p.add(msetest.TextType)
	p.text(sb, "init video h264 text webvtt", "0K 40 80", "2: 0D1000K 1000D1000K")
	b, _ := sb.Buffered()
	p.is("buffered", roundRanges(b), "[0,0.12)")
	p.ok(sb.Abort())
	p.text(sb, "2: 500D400K")
	var cues []string
	for _, f := range sb.Frames()[1] {
		cues = append(cues, fmt.Sprintf("%.3g+%.3g", f.PTS, f.Duration))
	}
	p.is("cues", cues, []string{"0+0.5", "0.5+0.4", "1+1"})
	p.eos()
	b, _ = sb.Buffered()
	p.is("buffered at the end", roundRanges(b), "[0,2)")
	// A text track in use makes its SourceBuffer active.
	sb.VideoTracks().At(0).SetSelected(false)
	p.is("active", p.ms.ActiveSourceBuffers().Len(), 0)
	sb.TextTracks().At(0).SetMode(mse.Hidden)
	p.is("active", p.ms.ActiveSourceBuffers().Len(), 1)
	r, err := p.att.Reader(sb.TextTracks().At(0))
	p.ok(err)
	r.Close()
}

// TestSourceBuffer_ElementError: nothing can be appended once the element has failed.
func TestSourceBuffer_ElementError(t *testing.T) {
	p := textPage(t, mse.Options{})
	sb := p.add(msetest.TextType)
	p.text(sb, "init video h264 dur=10")
	p.ok(p.ms.EndOfStream(mse.EndDecode))
	p.pump()
	p.fails(sb.AppendBuffer([]byte("0K\n")), mse.InvalidStateError)
	p.is("state", p.ms.ReadyState(), mse.Ended)
}

// TestSourceBuffer_Quota: eviction follows the playback position, and what it cannot make room for is refused. What
// counts for an append is the bytes pushed, which here are fewer than the frames' payload.
func TestSourceBuffer_Quota(t *testing.T) {
	p := textPage(t, mse.Options{VideoQuota: 900, AudioQuota: 90})
	v, a := p.add(msetest.TextType), p.add(msetest.TextType)
	p.text(v, "init video h264 audio aac dur=1000")
	p.text(a, "init audio aac dur=1000")
	for i := range 9 {
		at := 10000 * i
		p.text(v, fmt.Sprintf("%dD5000#25K %dD5000#25", at, at+5000), fmt.Sprintf("2: %dD10000#50K", at))
	}
	p.is("stored", v.Stats().Bytes, 900)
	p.att.SetPlayhead(75)
	p.is("events", p.text(v, "90000D10000#50K", "2: 90000D10000#50K"), goodEvents)
	r, _ := v.Buffered()
	if len(r) != 1 || r.End() != 100 || r[0].Start <= 0 || r[0].Start > 65 {
		t.Errorf("buffered %s: something that lies well behind 75 s must go, and nothing else", r)
	}
	// Sound alone has its own limit, and nothing ahead of the playback position goes.
	p.att.SetPlayhead(0)
	p.text(a, "0D1000#80K")
	if err := a.AppendBuffer([]byte("1000D1000#80K\n")); !errors.Is(err, mse.ErrQuotaExceeded) {
		t.Errorf("error %v, want QuotaExceededError", err)
	}
	p.ok(a.Remove(0, media.Forever))
	p.pump()
	p.is("events", p.text(a, "1000D1000#80K"), goodEvents)
}

// TestSourceBuffer_BufferedIsKept: what Buffered has returned stays as it was, and asking again allocates nothing.
func TestSourceBuffer_BufferedIsKept(t *testing.T) {
	s := store(t, 10*slabFrames, mse.Options{}, true)
	defer s.a.Detach()
	buffered := func() media.Ranges {
		r, err := s.sb.Buffered()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	all := buffered()
	before := all.String()
	if got := testing.AllocsPerRun(100, func() {
		if !buffered().Equal(all) || !s.a.Buffered().Equal(all) {
			t.Fatal("buffered changes by itself")
		}
	}); got != 0 {
		t.Errorf("buffered allocates %v times", got)
	}
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"a hole is filled", func() { s.append(t, 1) }, "[0,6) [8,10) [12,14) [16,18) [20,22) [24,26) [28,30) [32,34) [36,38)"},
		{"the same again", func() { s.append(t, 1) }, "[0,6) [8,10) [12,14) [16,18) [20,22) [24,26) [28,30) [32,34) [36,38)"},
		{"one goes", func() { s.remove(t, 6) }, "[0,6) [8,10) [16,18) [20,22) [24,26) [28,30) [32,34) [36,38)"},
		{"one goes behind, unseen, and comes again", func() { s.remove(t, 10); s.append(t, 10) }, "[0,6) [8,10) [16,18) [20,22) [24,26) [28,30) [32,34) [36,38)"},
	} {
		step.do()
		if got := buffered().String(); got != step.want {
			t.Errorf("%s: buffered %s, want %s", step.name, got, step.want)
		}
		if got := s.a.Buffered().String(); got != step.want {
			t.Errorf("%s: the element's buffered %s, want %s", step.name, got, step.want)
		}
		if got := all.String(); got != before {
			t.Errorf("%s: what was returned before became %s, was %s", step.name, got, before)
		}
	}
}
