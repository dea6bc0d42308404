package stream_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
	"mseplayer/player/stream"
	"mseplayer/player/stream/plan"
)

// bilingual adds sound in French to each period, before or after the other.
func bilingual(p *manifest.Presentation) *manifest.Presentation {
	for i, per := range p.Periods {
		en := per.Sets[1]
		en.Lang = "en"
		r := *en.Representations[0]
		r.ID, r.TrackID, r.Init = "f", manifest.TrackID(per.ID, "audio", "f"), &manifest.Resource{URL: "org:///f-a-init"}
		x := r.Segments.(index)
		x.prefix = "f-a-"
		r.Segments = x
		fr := &manifest.AdaptationSet{ID: "fr", Kind: manifest.Audio, Lang: "fr", Priority: 1, Group: -1, Representations: []*manifest.Representation{&r}}
		per.Sets = append(per.Sets, fr)
		if i%2 == 1 {
			per.Sets[1], per.Sets[2] = fr, en
		}
	}
	return p
}

// TestChoose_Live chooses other sound of a live presentation, whose manifest is another one every two seconds and begins periods.
// The choice goes on, without a stall or a picture lost.
func TestChoose_Live(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBroadcast()
		movie(b.files, "f-", length, 0, 100_000)
		u := &updater{make: func() (*manifest.Presentation, error) { return bilingual(b.timeline(0, 36, 40)), nil }}
		b.live.Updater, b.live.Refresh = u, 2*time.Second
		r := start(t, &origin{files: b.files}, bilingual(b.timeline(0, 36, 40)), stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		time.Sleep(6 * time.Second)
		at, _ := r.el.Playhead()
		var names []string
		for _, x := range r.prog.Renditions(manifest.Audio, at) {
			names = append(names, fmt.Sprint(x.Set.Lang, x.Chosen))
			if x.Set.Lang != "fr" {
				continue
			}
			if add, gone, err := r.prog.Choose(manifest.Audio, plan.Like{Set: x.Set}); add != nil || gone != nil || err != nil {
				t.Fatal(add, gone, err)
			}
		}
		if s := strings.Join(names, " "); s != "entrue frfalse" {
			t.Errorf("there is %s", s)
		}
		time.Sleep(30 * time.Second)
		var used []string
		for _, u := range r.feeds[1].Uses() {
			used = append(used, u.Rep.TrackID+" "+u.Reason)
		}
		if s := strings.Join(used, ", "); s != "pp0/audio/a , pp0/audio/f chosen, pp1/audio/f , pp2/audio/f " {
			t.Errorf("used %s", s)
		}
		if r.stalls() != 0 || len(r.engine.Gaps()) != 0 || len(r.prog.Lost()) != 0 || strings.Contains(r.pictures(), " ") {
			t.Errorf("stalls %v, gaps %v, lost %v, shown %s", r.el.Report().Stalls, r.engine.Gaps(), r.prog.Lost(), r.pictures())
		}
	})
}

// TestChoose_Slow chooses over a network that cannot deliver for a while: what was chosen before goes on meanwhile.
func TestChoose_Slow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files, pres := rungs()
		movie(files, "f-", 20, 0, 100_000)
		pres.Periods[0].Sets[1].Lang = "en"
		for _, per := range pres.Periods {
			r := rep(manifest.Audio, "f", "0", "f-a-init", index{"f-a-", 0, 10, time.Time{}, nil})
			per.Sets = append(per.Sets, &manifest.AdaptationSet{ID: "fr", Kind: manifest.Audio, Lang: "fr", Priority: 1, Group: -1, Representations: []*manifest.Representation{r}})
		}
		var slow time.Time
		org := &origin{files: files, gate: func(name string) error {
			if strings.HasPrefix(name, "f-") && time.Since(slow) < 4*time.Second {
				return errDown
			}
			return nil
		}}
		r := start(t, org, pres, stream.ProgramOptions{Rules: plan.Rules{Quality: "min"}}, nil)
		defer r.stop()
		r.el.Play()
		time.Sleep(5 * time.Second)
		slow = time.Now()
		if _, _, err := r.prog.Choose(manifest.Audio, plan.Like{Set: pres.Periods[0].Sets[2]}); err != nil {
			t.Fatal(err)
		}
		r.ended(30 * time.Second)
		if got := used(r.feeds[1]); !strings.HasPrefix(got, "a@0() f@") {
			t.Errorf("used %s", got)
		}
		if u := r.feeds[1].Uses(); u[1].At > 12 {
			t.Errorf("the new sound begins at %s", u[1].At)
		}
		if r.stalls() != 0 || r.pictures() != "0.00-19.96" || r.el.Buffered().End() < media.Time(19.9) {
			t.Errorf("stalls %v, shown %s, buffered %s\n%s", r.el.Report().Stalls, r.pictures(), r.el.Buffered(), r.log.String())
		}
	})
}
