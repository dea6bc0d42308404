package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"mseplayer/audio/null"
	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/decode"
	"mseplayer/player/element"
	"mseplayer/player/fetch"
	"mseplayer/player/frame"
	"mseplayer/player/manifest"
	"mseplayer/player/playertest"
	"mseplayer/player/present"
	"mseplayer/player/stream"
	"mseplayer/player/stream/plan"
)

// length is how long the media of the tests is, and segment how long its segments are.
const (
	length  media.Span = 160
	segment media.Span = 2
)

// origin serves files, as far as they are there at the moment.
type origin struct {
	files fstest.MapFS
	// gate tells why a file cannot be had now; nil for that it can.
	gate func(name string) error
	// pace is how long each portion of a body takes.
	pace func(name string) time.Duration
	// config says what else the client is to be like.
	config fetch.Config
	mu     sync.Mutex
	asked  []string // guarded by mu
}

func (o *origin) Open(name string) (fs.File, error) {
	o.mu.Lock()
	o.asked = append(o.asked, name)
	o.mu.Unlock()
	if o.gate != nil {
		if err := o.gate(name); err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
	f, err := o.files.Open(name)
	if err == nil && o.pace != nil {
		return &slow{File: f, each: o.pace(name)}, nil
	}
	return f, err
}

// slow hands out a file in small portions.
type slow struct {
	fs.File
	each time.Duration
}

func (s *slow) Read(p []byte) (int, error) {
	time.Sleep(s.each)
	return s.File.Read(p[:min(len(p), 1000)])
}

// movie writes the media of the tests, with times that begin at base: v-init, v-0, v-1, … and a-init, a-0, …
func movie(files fstest.MapFS, prefix string, length media.Span, base float64, bits int, edits ...func(*msetest.BuilderTrack)) {
	b := msetest.Movie(msetest.MovieSpec{Width: 64, Height: 48, Length: length, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BitsPerSecond: bits, Audio: true, Seed: 1})
	for i, name := range []string{"v", "a"} {
		t := b.Tracks[i]
		t.Samples = append([]msetest.BuilderSample(nil), t.Samples...)
		for k := range t.Samples {
			t.Samples[k].DTS += int64(base * float64(t.Timescale))
		}
		for _, edit := range edits {
			edit(&t)
		}
		one := &msetest.Builder{Tracks: []msetest.BuilderTrack{t}}
		files[prefix+name+"-init"] = &fstest.MapFile{Data: one.Init()}
		for n, s := range one.Segments(segment, 1) {
			files[fmt.Sprintf("%s%s-%d", prefix, name, n)] = &fstest.MapFile{Data: s}
		}
	}
}

// index lists segments from one number to another, each there when it is complete if epoch is set.
type index struct {
	prefix   string
	from, to int
	epoch    time.Time
	edit     func(*manifest.SegmentRef)
}

func (x index) Len() int { return x.to - x.from }
func (x index) At(i int) manifest.SegmentRef {
	n := x.from + i
	s := manifest.SegmentRef{Resource: manifest.Resource{URL: fmt.Sprintf("org:///%s%d", x.prefix, n)}, Number: int64(n), Start: media.Time(segment) * media.Time(n), Duration: segment}
	if !x.epoch.IsZero() {
		s.Available = x.epoch.Add(time.Duration(float64(s.End()) * float64(time.Second)))
	}
	if x.edit != nil {
		x.edit(&s)
	}
	return s
}
func (x index) Find(t media.Time) int {
	return min(max(0, int(t.Sub(0)/segment)-x.from), x.Len())
}

// rep makes a representation; kind decides the type.
func rep(kind manifest.Kind, id string, period string, init string, segments manifest.Index) *manifest.Representation {
	r := &manifest.Representation{ID: id, TrackID: manifest.TrackID(period, kind.String(), id), Kind: kind, MIMEType: "video/mp4", Codecs: "avc1.64001f", Bandwidth: 100_000,
		Timescale: 1, Addressing: manifest.Explicit, Init: &manifest.Resource{URL: "org:///" + init}, Segments: segments}
	if kind == manifest.Audio {
		r.MIMEType, r.Codecs = "audio/mp4", "mp4a.40.2"
	}
	return r
}

// period makes a period of sets with one representation each, or with several of one kind.
func period(id string, start float64, end float64, reps ...*manifest.Representation) *manifest.Period {
	p := &manifest.Period{ID: id, Start: media.Time(start)}
	if end > 0 {
		p.End = media.Some(media.Time(end))
	}
	for _, r := range reps {
		if n := len(p.Sets); n > 0 && p.Sets[n-1].Kind == r.Kind {
			p.Sets[n-1].Representations = append(p.Sets[n-1].Representations, r)
			continue
		}
		p.Sets = append(p.Sets, &manifest.AdaptationSet{ID: r.Kind.String(), Kind: r.Kind, Priority: 1, Group: -1, Representations: []*manifest.Representation{r}})
	}
	return p
}

// rig streams a presentation into an element with fake decoders, a null sink and a surface of 50 Hz.
type rig struct {
	t       *testing.T
	org     *origin
	el      *element.Element
	ms      *mse.MediaSource
	prog    *stream.Program
	engine  *stream.Engine
	feeds   []*stream.Segments
	surface *playertest.Surface
	log     bytes.Buffer
	failed  chan error
	stop    func()
}

// bubble runs a test in virtual time, and counts pictures.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	before := frame.Live()
	synctest.Test(t, f)
	if n := frame.Live() - before; n != 0 {
		t.Errorf("%d frames leaked", n)
	}
}

func start(t *testing.T, org *origin, pres *manifest.Presentation, o stream.ProgramOptions, sel map[manifest.Kind]stream.Selector) *rig {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	org.config.Mounts = map[string]fs.FS{"org": org}
	client, err := fetch.New(org.config)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, org: org, surface: &playertest.Surface{}, failed: make(chan error, 1)}
	log := slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	sink := null.New(null.Options{})
	if err := sink.Start(ctx); err != nil {
		t.Fatal(err)
	}
	loop := mse.NewEventLoop(nil)
	r.ms = mse.New(mse.Options{Loop: loop, DecodeOutsideWindow: true, KeepOpen: true, InbandEvents: true})
	eo := element.Options{Decoders: &playertest.Factory{Depth: 2}, Audio: sink, Queue: present.Options{Created: time.Now()}, MaxVolume: 1}
	if o.Keys != nil {
		eo.Decrypters = func() decode.Decrypter { return o.Keys.Decrypter() }
	}
	r.el = element.New(loop, eo)
	r.el.Start(ctx)
	r.el.SetSrcObject(r.ms)
	synctest.Wait()
	plans, err := plan.Select(pres, o.Rules)
	if err != nil {
		t.Fatal(err)
	}
	o.Fetch, o.Log = client, log
	r.prog = stream.NewProgram(pres, o)
	var feeds []stream.Feed
	for _, k := range []struct {
		kind  manifest.Kind
		track *plan.Track
	}{{manifest.Video, plans.Video}, {manifest.Audio, plans.Audio}} {
		if k.track == nil {
			continue
		}
		sb, err := r.ms.AddSourceBuffer(k.track.Current().Type())
		if err != nil {
			t.Fatal(err)
		}
		f := stream.NewSegments(r.prog, k.track, k.kind, sb, sel[k.kind])
		r.feeds, feeds = append(r.feeds, f), append(feeds, f)
	}
	if pres.Live != nil {
		err = r.ms.SetDuration(media.Forever)
	} else if pres.Duration.Set {
		err = r.ms.SetDuration(pres.Duration.T)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.engine = stream.New(r.ms, r.el, stream.Options{Program: r.prog, Log: log}, feeds...)
	go func() { r.failed <- r.engine.Run(ctx) }()
	done := make(chan struct{})
	sctx, scancel := context.WithCancel(ctx)
	go func() { defer close(done); r.surface.Run(sctx, r.el.Frames(), 20*time.Millisecond) }()
	r.stop = func() {
		cancel()
		<-r.failed
		r.el.Stop()
		scancel()
		<-done
		r.el.Close()
		_ = sink.Close()
		_ = client.Close()
		synctest.Wait()
	}
	return r
}

// stalls returns the interruptions, leaving out those that a jump over lost media takes.
func (r *rig) stalls() (n int) {
	for _, s := range r.el.Report().Stalls {
		if s.Duration > 100*time.Millisecond {
			n++
		}
	}
	return n
}

// pictures returns the presentation times of what was shown as stretches in which no picture is missing.
func (r *rig) pictures() string {
	var out []string
	all := r.surface.Pictures()
	for i := 0; i < len(all); {
		k := i + 1
		for k < len(all) && all[k].PTS.Sub(all[k-1].PTS) < 0.0401 && all[k].PTS > all[k-1].PTS {
			k++
		}
		out = append(out, fmt.Sprintf("%.2f-%.2f", all[i].PTS, all[k-1].PTS))
		i = k
	}
	return strings.Join(out, " ")
}

func (r *rig) ended(limit time.Duration) {
	r.t.Helper()
	for begun := time.Now(); !r.el.Ended(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > limit {
			r.t.Fatalf("does not end: %+v\n%s", r.el.State(), r.log.String())
		}
	}
}

// updater answers with what make returns.
type updater struct {
	make  func() (*manifest.Presentation, error)
	calls int
}

func (u *updater) Update(time.Time, manifest.Getter) (*manifest.Presentation, error) {
	u.calls++
	return u.make()
}

var (
	errDown = errors.New("connection refused")
	_       = io.EOF
)
