package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/crypt"
	"mseplayer/player/decode"
	"mseplayer/player/fetch"
	"mseplayer/player/frame"
	"mseplayer/player/manifest"
	"mseplayer/player/session"
	"mseplayer/player/source"
	"mseplayer/player/stream/plan"
)

// ErrSelection says that no representation has a name that was asked for, ErrProfile that no profile has, ErrReference that
// nothing can be compared with the reference.
var (
	ErrSelection = errors.New("no such representation")
	ErrProfile   = errors.New("no such profile")
	ErrReference = errors.New("reference")
)

// Options say what is checked and with what.
type Options struct {
	// Source is what sources are opened with.
	Source source.Options
	// Formats are the byte stream formats that can be parsed.
	Formats map[mime.Container]func() bytestream.Parser
	// Decoders makes the decoders; nil checks the structure only.
	Decoders decode.Factory
	// Representations are the track ids or representation ids of a presentation that are checked, all if there are none;
	// FirstOnly takes the one with the highest bandwidth of each adaptation set.
	Representations []string
	FirstOnly       bool
	// MaxDuration ends the check of each track after so much media, to the length of a segment; 0 checks everything.
	MaxDuration media.Span
	// LiveDuration is how long a live presentation is watched, from the beginning of each track's check on; the default is
	// 30 s. What the server keeps of as much time before is checked, too.
	LiveDuration time.Duration
	// Jobs is how many representations are checked at the same time, Cores how many cores they share. The default of
	// both is the number of cores of the machine.
	Jobs, Cores int
	// Keys says where the keys of protected media come from.
	Keys crypt.Config
	// Rules says which rules count, all of them by default.
	Rules Selection
	// Deep looks at the content of pictures and sound as well, and decodes every switch between neighbouring
	// representations.
	Deep bool
	// Frames lists the coded frames in the report.
	Frames bool
	// Trace is a network over which playback is worked out; none if it is empty.
	Trace []session.Step
	// Reference names what the pictures were made of: a file or a manifest. What is decoded is compared with it; "" is for
	// nothing. Fitter makes what scales pictures for that.
	Reference string
	Fitter    func() Fitter
	// Pictures draws what findings are about, small, as PNG or JPEG; nil for no such pictures. It may be called from several
	// goroutines and keeps nothing of the picture; a result of nil is none.
	Pictures func(*frame.Video) []byte
	// Waivers are findings that do not count. Now is the time on which they are judged, by default that of the check.
	Waivers []Waiver
	Now     time.Time
	// Profile names a family of players; what it would refuse or stop at is found, too. "" is for none. See Profiles.
	Profile string
	// Version goes into the report.
	Version string
	// Progress is told how far the check is, now and then, by one goroutine at a time. It must not block.
	Progress func(Progress)
	// Log gets what the buffer and the decoders do at Debug. Nil is silent.
	Log *slog.Logger
}

// Progress is how far a check is.
type Progress struct {
	// Tracks of Total have been checked.
	Tracks, Total int
	// Segments and Bytes have arrived.
	Segments, Bytes int64
	// Share is which part of the work is done, 0 to 1, by the length of the media and what it takes to decode. It stays 0 where
	// nobody knows how long the media is.
	Share float64
}

// run is one check.
type run struct {
	// immutable
	opt     Options
	profile profile
	group   *group
	name    string
	keys    *crypt.Store
	ring    *crypt.Keyring
	ctx     context.Context

	prints int                    // the most prints of a track that are kept; 0 is for likeness.MaxPrints
	look   func(*lane) *inspector // replaces what Options ask for; nil for that
	source *source.Source         // of name; a file that is read again replaces it

	broadcast *broadcast // nil unless a live presentation is being watched
	tasks     []task     // once they are done

	work float64 // sum of what the tasks cost; immutable while they run

	mu       sync.Mutex
	progress Progress // guarded by mu
}

// Run checks what name refers to: a manifest, a media file, a URL or "-" for standard input. It returns the report
// together with an error when the source cannot be opened (a *source.Error), when ctx ended before the check did (its
// cause), or when the program has a bug (a *PanicError). The report is nil only with an error that matches
// ErrSelection, ErrProfile or ErrReference.
func Run(ctx context.Context, name string, o Options) (*Report, error) {
	start := time.Now()
	prof, ok := profileOf(o.Profile)
	if !ok && o.Profile != "" {
		return nil, fmt.Errorf("check: %w: %q; there are %s", ErrProfile, o.Profile, strings.Join(Profiles(), ", "))
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now.IsZero() {
		o.Now = start
	}
	if o.Cores <= 0 {
		o.Cores = runtime.NumCPU()
	}
	if o.Jobs <= 0 {
		o.Jobs = o.Cores
	}
	rep := &Report{Schema: Schema, Tool: Tool{"mseplayer", o.Version}, Source: fetch.Redact(name), Complete: true, Duration: Unknown,
		Tracks: []Track{}, Alignment: []Alignment{}, Findings: []Finding{}}
	ctx, cancel := context.WithCancelCause(ctx)
	r := &run{opt: o, name: name, profile: prof, keys: crypt.New(o.Keys, o.Source.Fetch), ctx: ctx, group: &group{cancel: cancel}}
	err := r.check(name, rep)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		rep.Complete = false
	}
	cancel(nil)
	r.group.wg.Wait()
	if errors.Is(err, ErrSelection) || errors.Is(err, ErrReference) {
		return nil, err
	}
	rep.Findings = slices.DeleteFunc(rep.Findings, func(f Finding) bool { return !o.Rules.Has(f.Code) })
	for i := range rep.Findings {
		f := &rep.Findings[i]
		f.Waived = slices.ContainsFunc(o.Waivers, func(w Waiver) bool { return w.covers(f, o.Now) })
	}
	rep.measure()
	rep.judge()
	rep.Elapsed = Seconds(time.Since(start).Seconds())
	rep.Quality.CreationTime = float64(time.Since(start).Microseconds()) / 1e3
	return rep, err
}

// check fills in what is found.
func (r *run) check(name string, rep *Report) error {
	src, err := source.Open(r.ctx, name, r.opt.Source)
	if err != nil {
		var se *source.Error
		if errors.As(err, &se) && r.ctx.Err() == nil {
			rep.Findings = append(rep.Findings, Finding{Code: se.Code, Severity: manifest.SeverityError, Message: err.Error(),
				Time: Unknown, Evidence: map[string]any{}})
		}
		return err
	}
	r.source = src
	defer func() { r.source.Close() }()
	var tasks []task
	stop := func() {}
	if p := src.Presentation; p != nil {
		r.keys.Learn(p)
		r.ring = crypt.NewKeyring(r.fetch)
		rep.Kind, rep.Live = Text(p.Format.String()), p.Live != nil
		rep.Findings = append(rep.Findings, manifestFindings(p)...)
		if tasks, err = r.representations(p); err != nil {
			return err
		}
		if p.Live != nil && !stored(p) {
			ctx, end := context.WithCancel(r.ctx)
			defer end()
			stop = end
			r.watch(ctx, p)
		}
	} else {
		rep.Kind = Text(manifest.File.String())
		t := &fileTask{run: r, rows: map[int]string{}}
		if err := t.choose(src.File); err != nil {
			return err
		}
		tasks = []task{t}
	}
	if p := src.Presentation; p != nil {
		tasks = append(tasks, r.switches(p, tasks)...)
	}
	compare, err := r.likenessTasks(tasks)
	if err != nil {
		return err
	}
	defer compare.close()
	r.expect(tasks, compare.learning(), compare.tasks())
	r.all(slices.Concat(tasks, compare.learning()))
	if r.broadcast != nil {
		stop()
		tasks = append(tasks, r.broadcast.finish()...)
	}
	align(tasks)
	r.tasks = tasks
	if r.broadcast != nil {
		rep.Findings = append(rep.Findings, r.broadcast.findings()...)
	}
	var normal []Track // but for what is for fast winding
	for _, t := range tasks {
		tracks, found := t.result()
		rep.Tracks = append(rep.Tracks, tracks...)
		rep.Findings = append(rep.Findings, found...)
		if r.opt.Frames {
			rep.Frames = append(rep.Frames, framesOf(t)...)
		}
		if s, ok := t.(*segmentTask); !ok || !s.pictures {
			normal = append(normal, tracks...)
		}
	}
	if compare != nil && r.ctx.Err() == nil {
		if err := compare.ref.learn(); err != nil {
			return err
		}
		r.all(compare.tasks())
		compare.report(rep)
	}
	aligned, found := r.alignments()
	rep.Alignment = aligned
	rep.Findings = append(rep.Findings, found...)
	if r.profile.name != "" {
		start, first := Seconds(0), "0"
		if p := src.Presentation; p != nil && len(p.Periods) > 0 {
			start, first = Seconds(p.Periods[0].Start), p.Periods[0].ID
		}
		if rep.Live {
			start = Unknown
		}
		rep.Findings = append(rep.Findings, r.profile.findings(string(rep.Kind), start, first, normal)...)
	}
	if p := src.Presentation; p != nil && p.Format != manifest.File && p.Live == nil && r.ctx.Err() == nil && r.opt.MaxDuration == 0 {
		rep.Findings = append(rep.Findings, overall(p, normal)...)
		rep.Findings = append(rep.Findings, r.together(p, normal, rep.Findings)...)
		if p.Format == manifest.HLS {
			rep.Findings = once(append(rep.Findings, r.playlists(p, tasks)...))
		}
	}
	if p := src.Presentation; p != nil && len(r.opt.Trace) > 0 && r.ctx.Err() == nil {
		rep.Sessions = r.simulate(p, tasks)
	}
	if p := src.Presentation; p != nil && r.opt.Deep && r.ctx.Err() == nil {
		rep.Findings = append(rep.Findings, judgeTracks(p, tasks)...)
	}
	return nil
}

// fetch gets a small resource that the presentation names.
func (r *run) fetch(ctx context.Context, x manifest.Resource, kind fetch.Kind) ([]byte, error) {
	resp, err := open(ctx, r.opt.Source.Fetch, r.source.Presentation.URL, x, kind)
	if err != nil {
		return nil, err
	}
	return resp.All()
}

// task is a part of a check that needs no other.
type task interface {
	// cost orders tasks: what takes longest begins first.
	cost() float64
	// video reports whether most of the work is decoding pictures.
	video() bool
	// work does it, with so many threads for each decoder. It returns when it is done or the check ends.
	work(threads int)
	// reached notes how much of it is done, 0 to 1, and returns by how much that is more than before.
	reached(part float64) (more float64)
	// result is valid afterwards, also when work was cut short or never began.
	result() ([]Track, []Finding)
}

// expect says what there is to do in all.
func (r *run) expect(lists ...[]task) {
	for _, t := range slices.Concat(lists...) {
		r.progress.Total++
		r.work += t.cost()
	}
}

// all carries out the tasks, at most Jobs at a time.
func (r *run) all(tasks []task) {
	queue := slices.Clone(tasks)
	slices.SortStableFunc(queue, func(a, b task) int { return cmp.Compare(b.cost(), a.cost()) })
	videos := 0
	for _, t := range tasks {
		if t.video() {
			videos++
		}
	}
	jobs := min(r.opt.Jobs, len(tasks))
	if r.broadcast != nil {
		jobs = min(max(r.opt.Jobs, maxWatched), len(tasks)) // they wait most of the time, and all for the same
	}
	// Two threads for each core: decoders wait for each other at the borders of pictures, and the last tasks to run have
	// the machine for themselves.
	threads := max(1, min(r.opt.Cores, 2*r.opt.Cores/max(1, min(jobs, videos))))
	next := make(chan task, len(queue))
	for _, t := range queue {
		next <- t
	}
	close(next)
	var done sync.WaitGroup
	done.Add(jobs)
	for range jobs {
		r.group.run(func() {
			defer done.Done()
			for t := range next {
				if r.ctx.Err() != nil {
					return
				}
				t.work(threads)
				r.advance(func(p *Progress) {
					p.Tracks++
					p.Share = min(1, p.Share+r.share(t, t.reached(1)))
				})
			}
		})
	}
	done.Wait()
}

// share is which part of the work a part of a task is.
func (r *run) share(t task, part float64) float64 {
	if r.broadcast != nil || !(r.work > 0) {
		return 0
	}
	return part * t.cost() / r.work
}

// reach is how far a task is. The zero value is at its beginning.
type reach float64

// reached notes that a part of a task is done, 0 to 1, and returns by how much that is more than before.
func (h *reach) reached(part float64) (more float64) {
	more = max(0, min(part, 1)-float64(*h))
	*h += reach(more)
	return more
}

// advance changes the progress and tells it.
func (r *run) advance(change func(*Progress)) {
	if r.opt.Progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.progress)
	r.opt.Progress(r.progress)
}

// decodes reports whether a coding format can be decoded; nil when nothing is to be decoded.
func (r *run) decodes() func(media.CodecID) bool {
	if r.opt.Decoders == nil {
		return nil
	}
	return r.opt.Decoders.Supports
}

// representations makes the tasks of a presentation, in the order of the manifest.
func (r *run) representations(p *manifest.Presentation) ([]task, error) {
	o := mse.Options{Formats: r.opt.Formats, Decodes: r.decodes()}
	_, left := plan.All(p, o.IsTypeSupported)
	reasons := map[*manifest.Representation]string{}
	for _, l := range left {
		reasons[l.Rep] = l.Reason
	}
	wanted := map[string]bool{}
	lists := map[manifest.Lazy]bool{} // that are checked already: variants may share one
	var tasks []task
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			for _, rep := range set.Representations {
				names := []string{rep.TrackID, rep.ID}
				i := slices.IndexFunc(r.opt.Representations, func(n string) bool { return slices.Contains(names, n) })
				if i >= 0 {
					wanted[r.opt.Representations[i]] = true
				}
				if !r.wants(set, rep) {
					continue
				}
				if set.TrickMode && p.Format == manifest.HLS && p.Live != nil && !stored(p) {
					continue // single pictures of the same segments
				}
				if rep.Lazy != nil && p.Format == manifest.HLS {
					if lists[rep.Lazy] {
						continue
					}
					lists[rep.Lazy] = true
				}
				tasks = append(tasks, &segmentTask{run: r, choice: plan.Choice{Period: per, Set: set, Representations: []*manifest.Representation{rep}},
					rep: rep, unsupported: reasons[rep]})
			}
		}
	}
	for _, name := range r.opt.Representations {
		if !wanted[name] {
			return nil, noSuch(name, trackNames(p))
		}
	}
	return tasks, nil
}

// noSuch says that nothing has a name, and which names there are.
func noSuch(name string, names []string) error {
	const maxNames = 20
	switch {
	case len(names) == 0:
		names = []string{"none"}
	case len(names) > maxNames:
		names = append(names[:maxNames:maxNames], "…")
	}
	return fmt.Errorf("check: %w: %q; there are %s", ErrSelection, name, strings.Join(names, ", "))
}

// trackNames lists the track ids of a presentation.
func trackNames(p *manifest.Presentation) []string {
	var names []string
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			for _, rep := range set.Representations {
				names = append(names, rep.TrackID)
			}
		}
	}
	return names
}
