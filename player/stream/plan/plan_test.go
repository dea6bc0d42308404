package plan_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/dash"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

func parse(t *testing.T, mpd string) *manifest.Presentation {
	t.Helper()
	p, err := dash.Parse([]byte(mpd), dash.Options{BaseURL: "http://h.example/"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// noGet fails the test when the plan asks for bytes.
func noGet(t *testing.T) manifest.Getter {
	return func(r manifest.Resource) ([]byte, error) {
		t.Errorf("the plan asks for %s", r.URL)
		return nil, errors.New("nothing to get here")
	}
}

// walk takes up to n items and writes them as "name[start,end)"; an initialization segment is "name".
func walk(t *testing.T, tr *plan.Track, get manifest.Getter, n int) string {
	t.Helper()
	var out []string
	for len(out) < n {
		it, err := tr.Next(time.Time{}, get)
		if err == io.EOF {
			out = append(out, "$")
			break
		}
		if err != nil {
			t.Fatalf("after %s: %v", strings.Join(out, " "), err)
		}
		out = append(out, show(it))
	}
	return strings.Join(out, " ")
}

func show(it plan.Item) string {
	name := strings.TrimPrefix(it.URL, "http://h.example/")
	if !it.Range.IsWhole() {
		name += ":" + it.Range.String()
	}
	if it.Init {
		return name
	}
	return fmt.Sprintf("%s[%s,%s)", name, it.Start, it.End())
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s\n got %s\nwant %s", what, got, want)
	}
}

const twoPeriods = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">
<Period id="one" duration="PT6S">
 <AdaptationSet id="v" mimeType="video/mp4"><SegmentTemplate timescale="10" duration="20" media="$RepresentationID$$Number$" initialization="i$RepresentationID$"/>
  <Representation id="hi" bandwidth="9" codecs="avc1.64001f" height="720"/><Representation id="lo" bandwidth="1" codecs="avc1.64001f" height="240"/><Representation id="mid" bandwidth="5" codecs="avc1.64001f" height="360"/></AdaptationSet>
 <AdaptationSet id="en" lang="en" mimeType="audio/mp4" codecs="mp4a.40.2"><SegmentTemplate duration="3" media="e$Number$" initialization="ie"/><Representation id="e" bandwidth="1"/></AdaptationSet>
 <AdaptationSet id="sv" lang="swe" mimeType="audio/mp4" codecs="mp4a.40.2"><SegmentTemplate duration="3" media="s$Number$" initialization="is"/><Representation id="s" bandwidth="1"/></AdaptationSet>
 <AdaptationSet id="trick" mimeType="video/mp4" codecs="avc1.64001f"><EssentialProperty schemeIdUri="http://dashif.org/guidelines/trickmode" value="v"/><SegmentTemplate duration="3" media="t$Number$"/><Representation id="t" bandwidth="1" height="2000"/></AdaptationSet>
</Period>
<Period id="two" duration="PT4S">
 <AdaptationSet id="v" mimeType="video/mp4"><SegmentTemplate timescale="10" presentationTimeOffset="60" duration="20" startNumber="4" media="$RepresentationID$$Number$" initialization="i$RepresentationID$"/>
  <Representation id="lo" bandwidth="1" codecs="avc1.64001f" height="240"/><Representation id="mid" bandwidth="5" codecs="avc1.64001f" height="360"/></AdaptationSet>
 <AdaptationSet id="a1" lang="sv-SE" mimeType="audio/mp4" codecs="mp4a.40.2"><SegmentTemplate duration="3" media="S$Number$" initialization="iS"/><Representation id="S" bandwidth="1"/></AdaptationSet>
 <AdaptationSet id="a2" lang="en" mimeType="audio/mp4" codecs="mp4a.40.2"><SegmentTemplate duration="3" media="E$Number$" initialization="iE"/><Representation id="E" bandwidth="1"/></AdaptationSet>
</Period></MPD>`

func TestSelect_Walk(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rules plan.Rules
		video string
		audio string
	}{
		{"default", plan.Rules{}, "ilo lo1[0,2) lo2[2,4) lo3[4,6) ilo lo4[6,8) lo5[8,10) $", "ie e1[0,3) e2[3,6) iE E1[6,9) E2[9,10) $"},
		{"best", plan.Rules{Quality: "max"}, "ihi hi1[0,2) hi2[2,4) hi3[4,6) imid mid4[6,8) mid5[8,10) $", "ie e1[0,3) e2[3,6) iE E1[6,9) E2[9,10) $"},
		{"least", plan.Rules{Quality: "min"}, "ilo lo1[0,2) lo2[2,4) lo3[4,6) ilo lo4[6,8) lo5[8,10) $", "ie e1[0,3) e2[3,6) iE E1[6,9) E2[9,10) $"},
		{"one representation", plan.Rules{Quality: "mid"}, "imid mid1[0,2) mid2[2,4) mid3[4,6) imid mid4[6,8) mid5[8,10) $", "ie e1[0,3) e2[3,6) iE E1[6,9) E2[9,10) $"},
		{"a track that only the first period has", plan.Rules{Video: "pone/v/hi"}, "ihi hi1[0,2) hi2[2,4) hi3[4,6) imid mid4[6,8) mid5[8,10) $", "ie e1[0,3) e2[3,6) iE E1[6,9) E2[9,10) $"},
		{"bounded height", plan.Rules{Quality: "max", MaxHeight: 400}, "imid mid1[0,2) mid2[2,4) mid3[4,6) imid mid4[6,8) mid5[8,10) $", "ie e1[0,3) e2[3,6) iE E1[6,9) E2[9,10) $"},
		{"bounded bandwidth below everything", plan.Rules{Quality: "max", MaxBandwidth: -1, MaxHeight: 1}, "ilo lo1[0,2) lo2[2,4) lo3[4,6) ilo lo4[6,8) lo5[8,10) $", "ie e1[0,3) e2[3,6) iE E1[6,9) E2[9,10) $"},
		{"another language", plan.Rules{Audio: "sv"}, "ilo lo1[0,2) lo2[2,4) lo3[4,6) ilo lo4[6,8) lo5[8,10) $", "is s1[0,3) s2[3,6) iS S1[6,9) S2[9,10) $"},
		{"a language of one period", plan.Rules{Audio: "sv-se"}, "ilo lo1[0,2) lo2[2,4) lo3[4,6) ilo lo4[6,8) lo5[8,10) $", "is s1[0,3) s2[3,6) iS S1[6,9) S2[9,10) $"},
		{"no video", plan.Rules{Video: "no", Audio: "sv"}, "", "is s1[0,3) s2[3,6) iS S1[6,9) S2[9,10) $"},
		{"no audio", plan.Rules{Audio: "no"}, "ilo lo1[0,2) lo2[2,4) lo3[4,6) ilo lo4[6,8) lo5[8,10) $", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sel, err := plan.Select(parse(t, twoPeriods), tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range []struct {
				name  string
				track *plan.Track
				want  string
			}{{"video", sel.Video, tt.video}, {"audio", sel.Audio, tt.audio}} {
				got := ""
				if k.track != nil {
					got = walk(t, k.track, noGet(t), 100)
				}
				want(t, k.name, got, k.want)
			}
			if sel.Text != nil || len(sel.LeftOut) != 0 {
				t.Errorf("text %v, left out %v", sel.Text, sel.LeftOut)
			}
		})
	}
}

func TestItem(t *testing.T) {
	sel, err := plan.Select(parse(t, twoPeriods), plan.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	sel.Video.Seek(7)
	init, err := sel.Video.Next(time.Time{}, noGet(t))
	if err != nil || !init.Init || init.Index != 0 || init.Number != 4 || init.Start != 6 {
		t.Fatalf("got %+v, %v", init, err)
	}
	it, err := sel.Video.Next(time.Time{}, noGet(t))
	if err != nil {
		t.Fatal(err)
	}
	if it.Init || it.Period.ID != "two" || it.Set.ID != "v" || it.Representation.ID != "lo" || it.Number != 4 || it.Index != 0 ||
		it.Start != 6 || it.Duration != 2 || it.TimestampOffset != 0 || it.Window != (media.Range{Start: 6, End: 10}) {
		t.Errorf("got %+v", it)
	}
	if w := it.AppendWindow(); w.Start >= 6 || w.Start < 5.99 || w.End <= 10 || w.End > 10.2 {
		t.Errorf("append window %v", w)
	}
	sel.Audio.Seek(6)
	a, err := sel.Audio.Next(time.Time{}, noGet(t))
	if err != nil || a.TimestampOffset != 6 {
		t.Errorf("audio: got offset %s, %v; its own times begin at 0", a.TimestampOffset, err)
	}
	if w := (plan.Item{Window: media.Range{End: media.Forever}}).AppendWindow(); w.Start != 0 || w.End != media.Forever {
		t.Errorf("open window %v", w)
	}
}

func TestTrack_Seek(t *testing.T) {
	sel, err := plan.Select(parse(t, twoPeriods), plan.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	v := sel.Video
	for _, tt := range []struct {
		to   media.Time
		want string
	}{
		{3, "ilo lo2[2,4) lo3[4,6)"},
		{2, "lo2[2,4) lo3[4,6) ilo"},
		{5.9999, "ilo lo3[4,6) ilo"},
		{6, "lo4[6,8) lo5[8,10) $"},
		{0, "ilo lo1[0,2) lo2[2,4)"},
		{-1, "lo1[0,2) lo2[2,4) lo3[4,6)"},
		{9.5, "ilo lo5[8,10) $"},
		{10, "$"},
		{media.Forever, "$"},
		{4, "ilo lo3[4,6) ilo"},
	} {
		v.Seek(tt.to)
		want(t, fmt.Sprintf("Seek(%s)", tt.to), walk(t, v, noGet(t), 3), tt.want)
	}
	want(t, "after the end", walk(t, v, noGet(t), 9), "lo4[6,8) lo5[8,10) $")
	if v.Current() != nil {
		t.Errorf("Current at the end: %v", v.Current())
	}
}

func TestTrack_Use(t *testing.T) {
	sel, err := plan.Select(parse(t, twoPeriods), plan.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	v := sel.Video
	reps := v.Choices()[0].Representations
	if len(reps) != 3 || reps[0].ID != "lo" || reps[1].ID != "mid" || reps[2].ID != "hi" {
		t.Fatalf("not in order of bandwidth: %v", reps)
	}
	want(t, "before", walk(t, v, noGet(t), 2), "ilo lo1[0,2)")
	if !v.Use(reps[2]) || !v.Use(reps[1]) || v.Current() != reps[1] {
		t.Fatal("Use refused")
	}
	want(t, "switched", walk(t, v, noGet(t), 2), "imid mid2[2,4)")
	if !v.Use(reps[1]) {
		t.Fatal("Use of the same")
	}
	want(t, "the same again, into the next period", walk(t, v, noGet(t), 3), "mid3[4,6) imid mid4[6,8)")
	if v.Use(reps[1]) {
		t.Error("Use took a representation of another period")
	}
	v.Seek(media.Forever)
	walk(t, v, noGet(t), 9)
	if v.Use(reps[0]) {
		t.Error("Use at the end")
	}
}

// TestTrack_UseMisaligned switches between representations whose segments do not end together.
func TestTrack_UseMisaligned(t *testing.T) {
	p := parse(t, `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT8S"><Period id="p"><AdaptationSet mimeType="video/mp4">
<Representation id="a" bandwidth="1"><SegmentTemplate timescale="1000" media="a$Number$"><SegmentTimeline><S d="2000" r="3"/></SegmentTimeline></SegmentTemplate></Representation>
<Representation id="b" bandwidth="2"><SegmentTemplate timescale="1000" media="b$Number$"><SegmentTimeline><S d="2040"/><S d="1990" r="2"/></SegmentTimeline></SegmentTemplate></Representation>
<Representation id="c" bandwidth="3"><SegmentTemplate timescale="1000" media="c$Number$"><SegmentTimeline><S d="3000"/><S d="2500" r="1"/></SegmentTimeline></SegmentTemplate></Representation>
</AdaptationSet></Period></MPD>`)
	sel, err := plan.Select(p, plan.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	v := sel.Video
	reps := v.Choices()[0].Representations
	want(t, "a", walk(t, v, noGet(t), 1), "a1[0,2)")
	v.Use(reps[1])
	want(t, "a little late: not fetched twice", walk(t, v, noGet(t), 1), "b2[2.04,4.03)")
	v.Use(reps[0])
	want(t, "a little early: nothing is missed", walk(t, v, noGet(t), 1), "a3[4,6)")
	v.Seek(3.95)
	v.Use(reps[1])
	want(t, "sought just before an end: nothing is missing there", walk(t, v, noGet(t), 1), "b2[2.04,4.03)")
	v.Seek(1.95)
	v.Use(reps[0])
	want(t, "as before", walk(t, v, noGet(t), 1), "a1[0,2)")
	v.Use(reps[1])
	v.Continue(3.95)
	v.Use(reps[0])
	want(t, "continued just before an end: not fetched twice", walk(t, v, noGet(t), 1), "a3[4,6)")
	v.Use(reps[2])
	want(t, "far out of line: overlaps", walk(t, v, noGet(t), 9), "c3[5.5,8) $")
}

// TestTrack_Lazy walks over an index that must be loaded, which fails at first.
func TestTrack_Lazy(t *testing.T) {
	p := parse(t, `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">
<Period id="one" duration="PT5S"><AdaptationSet mimeType="video/mp4"><Representation id="r" bandwidth="1"><BaseURL>v.mp4</BaseURL><SegmentBase timescale="10" indexRange="8-75"><Initialization range="0-7"/></SegmentBase></Representation></AdaptationSet></Period>
<Period id="two"><AdaptationSet mimeType="video/mp4"><Representation id="r" bandwidth="1"><BaseURL>v.mp4</BaseURL><SegmentBase timescale="10" presentationTimeOffset="50" indexRange="8-75"/></Representation></AdaptationSet></Period></MPD>`)
	index := []byte("\x00\x00\x00\x44sidx\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03" +
		"\x00\x00\x00\x0a\x00\x00\x00\x14\x90\x00\x00\x00" + "\x00\x00\x00\x14\x00\x00\x00\x1e\x90\x00\x00\x00" + "\x00\x00\x00\x1e\x00\x00\x00\x28\x90\x00\x00\x00")
	gone := errors.New("GET: 503")
	var asked []string
	fail := true
	get := func(r manifest.Resource) ([]byte, error) {
		asked = append(asked, r.Range.String())
		if fail {
			return nil, gone
		}
		return index, nil
	}
	sel, err := plan.Select(p, plan.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	v := sel.Video
	if _, err := v.Next(time.Time{}, get); !errors.Is(err, gone) || !strings.Contains(err.Error(), "pone/0/r") {
		t.Fatalf("got %v, want the getter's error with the track", err)
	}
	if _, _, err := v.End(time.Time{}, get); !errors.Is(err, gone) {
		t.Fatalf("End: got %v", err)
	}
	fail = false
	want(t, "periods", walk(t, v, get, 9), "v.mp4:0-7 v.mp4:76-85[0,2) v.mp4:86-105[2,5) v.mp4:0-7 v.mp4:106-135[5,9) $")
	v.Seek(2.5)
	want(t, "again", walk(t, v, get, 2), "v.mp4:0-7 v.mp4:86-105[2,5)")
	if got := strings.Join(asked, " "); got != "8-75 8-75 8-75 8-75" {
		t.Errorf("asked for %s; each list is to be loaded once", got)
	}
	if end, _, err := v.End(time.Time{}, get); err != nil || end != 9 {
		t.Errorf("End: got %s, %v; want 9", end, err)
	}
}

func TestTrack_End(t *testing.T) {
	sel, err := plan.Select(parse(t, twoPeriods), plan.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if end, _, err := sel.Video.End(time.Time{}, noGet(t)); err != nil || end != 10 {
		t.Errorf("got %s, %v; want 10", end, err)
	}
	if end, _, err := plan.NewTrack().End(time.Time{}, noGet(t)); err != nil || end != 0 {
		t.Errorf("no choices: %s, %v", end, err)
	}
	if _, err := plan.NewTrack().Next(time.Time{}, noGet(t)); err != io.EOF {
		t.Errorf("no choices: %v", err)
	}
}

// TestTrack_PeriodHoles leaves out periods without the kind, and seeks into the hole.
func TestTrack_PeriodHoles(t *testing.T) {
	p := parse(t, `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT12S">
<Period id="a" start="PT0S"><AdaptationSet mimeType="audio/mp4"><Representation id="a" bandwidth="1"><SegmentTemplate duration="2" media="a$Number$"/></Representation></AdaptationSet></Period>
<Period id="b" start="PT4S"><AdaptationSet mimeType="video/mp4"><Representation id="v" bandwidth="1"><SegmentTemplate duration="2" media="v$Number$"/></Representation></AdaptationSet></Period>
<Period id="c" start="PT8S"><AdaptationSet mimeType="audio/mp4"><Representation id="c" bandwidth="1"><SegmentTemplate duration="2" media="c$Number$"/></Representation></AdaptationSet></Period></MPD>`)
	sel, err := plan.Select(p, plan.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "audio", walk(t, sel.Audio, noGet(t), 9), "a1[0,2) a2[2,4) c1[8,10) c2[10,12) $")
	sel.Audio.Seek(5)
	want(t, "audio from the hole", walk(t, sel.Audio, noGet(t), 9), "c1[8,10) c2[10,12) $")
	sel.Video.Seek(0)
	want(t, "video", walk(t, sel.Video, noGet(t), 9), "v1[4,6) v2[6,8) $")
	sel.Video.Seek(9)
	want(t, "video behind its end", walk(t, sel.Video, noGet(t), 9), "$")
}

const manyTracks = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT4S"><Period id="p">
<SegmentTemplate duration="4" media="$RepresentationID$-$Number$"/>
<AdaptationSet id="sign" mimeType="video/mp4" codecs="avc1.64001f"><Role schemeIdUri="urn:mpeg:dash:role:2011" value="sign"/><Representation id="sign" bandwidth="1" height="2160"/></AdaptationSet>
<AdaptationSet id="hevc" mimeType="video/mp4" codecs="hvc1.1.6.L93.90"><Representation id="h1" bandwidth="1" height="1080"/></AdaptationSet>
<AdaptationSet id="avc" mimeType="video/mp4"><Representation id="v1" bandwidth="2" codecs="avc1.64001f" height="720"/><Representation id="v2" bandwidth="9" codecs="avc1.F4001E" height="720"/><Representation id="dolby" bandwidth="9" codecs="dvh1.05.06" height="720"/></AdaptationSet>
<AdaptationSet id="desc" lang="en" mimeType="audio/mp4" codecs="mp4a.40.2"><Role schemeIdUri="urn:mpeg:dash:role:2011" value="description"/><Representation id="desc" bandwidth="1"/></AdaptationSet>
<AdaptationSet id="fr" lang="fr" mimeType="audio/mp4" codecs="mp4a.40"><Role schemeIdUri="urn:mpeg:dash:role:2011" value="dub"/><Representation id="fr" bandwidth="1"/></AdaptationSet>
<AdaptationSet id="low" lang="en" mimeType="audio/mp4" codecs="mp4a.40.2" selectionPriority="1"><Representation id="low" bandwidth="1"/></AdaptationSet>
<AdaptationSet id="en" lang="en" mimeType="audio/mp4" codecs="mp4a.40.2" selectionPriority="5"><Representation id="en" bandwidth="1"/></AdaptationSet>
<AdaptationSet id="iamf" lang="de" mimeType="audio/mp4" codecs="iamf.000.000.mp4a.40.2"><Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/><Representation id="iamf" bandwidth="1"/></AdaptationSet>
<AdaptationSet id="webm" mimeType="audio/webm" codecs="opus" lang="de"><Representation id="webm" bandwidth="1"/></AdaptationSet>
<AdaptationSet id="subs" lang="de" mimeType="application/mp4" codecs="wvtt"><Representation id="subs" bandwidth="1"/></AdaptationSet>
<AdaptationSet id="thumbs" mimeType="image/jpeg"><Representation id="thumbs" bandwidth="1"/></AdaptationSet>
<AdaptationSet id="broken" mimeType="audio/mp4" codecs="mp4a.40.2"><Representation id="broken" bandwidth="1"><SegmentTemplate duration="0"/></Representation></AdaptationSet>
</Period></MPD>`

func TestSelect_Tracks(t *testing.T) {
	support := &mime.Support{Containers: []mime.Container{mime.ISOBMFF}, Decodes: func(id media.CodecID) bool { return id != media.HEVC }}
	for _, tt := range []struct {
		name               string
		rules              plan.Rules
		video, audio, text string
		err                string
	}{
		{"everything plays", plan.Rules{}, "h1", "iamf", "", ""},
		{"what is supported", plan.Rules{Supports: support.IsTypeSupported}, "v1 v2", "en", "", ""},
		{"by set", plan.Rules{Supports: support.IsTypeSupported, Audio: "low"}, "v1 v2", "low", "", ""},
		{"by representation", plan.Rules{Supports: support.IsTypeSupported, Video: "v2"}, "v2", "en", "", ""},
		{"by track", plan.Rules{Supports: support.IsTypeSupported, Audio: "pp/desc/desc"}, "v1 v2", "desc", "", ""},
		{"by language, three letters, broken codecs", plan.Rules{Supports: support.IsTypeSupported, Audio: "fre"}, "v1 v2", "fr", "", ""},
		{"by language with region: the best of it", plan.Rules{Supports: support.IsTypeSupported, Audio: "en-US"}, "v1 v2", "en", "", ""},
		{"subtitles", plan.Rules{Supports: support.IsTypeSupported, Text: "de"}, "v1 v2", "en", "subs", ""},
		{"a language that cannot be played", plan.Rules{Supports: support.IsTypeSupported, Audio: "de"}, "", "", "", `no audio track "de"; there are: pp/desc/desc (en), pp/fr/fr (fr), pp/low/low (en), pp/en/en (en)`},
		{"thumbnails are no video", plan.Rules{Video: "thumbs"}, "", "", "", `no video track "thumbs"`},
		{"no such subtitles", plan.Rules{Text: "xx"}, "", "", "", `no text track "xx"; there are: pp/subs/subs (de)`},
		{"nothing wanted", plan.Rules{Video: "no", Audio: "no"}, "", "", "", "no track is wanted"},
		{"nothing supported", plan.Rules{Supports: func(string) (bool, string) { return false, "" }}, "", "", "", `nothing can be played: pp/sign/sign: not supported; pp/broken/broken: its segments last no time (duration="0")`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sel, err := plan.Select(parse(t, manyTracks), tt.rules)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			names := func(tr *plan.Track) string {
				if tr == nil {
					return ""
				}
				var ids []string
				for _, r := range tr.Choices()[0].Representations {
					ids = append(ids, r.ID)
				}
				return strings.Join(ids, " ")
			}
			want(t, "video", names(sel.Video), tt.video)
			want(t, "audio", names(sel.Audio), tt.audio)
			want(t, "text", names(sel.Text), tt.text)
		})
	}
}

// TestSelect_Preselections lets combinations of sets take part in the choice of sound.
func TestSelect_Preselections(t *testing.T) {
	const whole = `<AdaptationSet id="plain" lang="fr" mimeType="audio/mp4" codecs="mp4a.40.2"><Representation id="plain" bandwidth="1"/></AdaptationSet>`
	doc := func(inner string) string {
		return `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT10S"><Period id="p"><SegmentTemplate duration="10" media="$RepresentationID$-$Number$"/>
<AdaptationSet id="v" mimeType="video/mp4" codecs="avc1.64001f"><Representation id="v" bandwidth="1"/></AdaptationSet>` + inner + `</Period></MPD>`
	}
	set := func(id, inner string) string {
		return `<AdaptationSet id="` + id + `" mimeType="audio/mp4" codecs="mp4a.40.2">` + inner + `<Representation id="` + id + `" bandwidth="1"/></AdaptationSet>`
	}
	const (
		must = `<EssentialProperty schemeIdUri="urn:mpeg:dash:preselection:2016"/>`
		main = `<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>`
	)
	single := whole + set("a", "") + `<Preselection id="7" tag="t7" lang="es" preselectionComponents="a v">` + main + `</Preselection><Preselection id="8" lang="pt" preselectionComponents="a"/>`
	several := set("x", must) + set("m", "") + `<Preselection id="9" tag="t9" lang="es" preselectionComponents="m x">` + main + `</Preselection>`
	for _, tt := range []struct{ name, inner, audio, want, err string }{
		{"one component is known by its combination", single, "", "a", ""},
		{"by tag", single, "t7", "a", ""},
		{"by id", single, "8", "a", ""},
		{"by language", single, "es", "a", ""},
		{"by the language of another one", single, "pt", "a", ""},
		{"several components", whole + several, "", "plain", ""},
		{"several components, nothing else", several, "", "m", ""},
		{"several components, by name", whole + several, "m", "m", ""},
		{"several components, by tag", whole + several, "t9", "", `no audio track "t9"`},
		{"only what is added", set("x", must), "", "x", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sel, err := plan.Select(parse(t, doc(tt.inner)), plan.Rules{Audio: tt.audio})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want(t, "audio", sel.Audio.Choices()[0].Set.ID, tt.want)
		})
	}
}

// TestSelect_Switching lets the quality follow the network over the sets that the author says can be switched between.
func TestSelect_Switching(t *testing.T) {
	set := func(id, codecs, to, inner string, bandwidth int) string {
		return fmt.Sprintf(`<AdaptationSet id="%s" mimeType="video/mp4" codecs="%s">%s<SupplementalProperty schemeIdUri="urn:mpeg:dash:adaptation-set-switching:2016" value="%s"/>`+
			`<Representation id="%s" bandwidth="%d" height="360"/></AdaptationSet>`, id, codecs, inner, to, id, bandwidth)
	}
	key := func(kid string) string {
		return `<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc" cenc:default_KID="` + strings.Repeat(kid, 32) + `" xmlns:cenc="urn:mpeg:cenc:2013"/>`
	}
	for _, tt := range []struct{ name, sets, video, want string }{
		{"both ways", set("a", "avc1.64001e", "b", "", 2) + set("b", "avc1.64001f", "a", "", 1), "", "b a"},
		{"by name of a set", set("a", "avc1.64001e", "b", "", 2) + set("b", "avc1.64001f", "a", "", 1), "pp/a/a", "a"},
		{"one way", set("a", "avc1.64001e", "", "", 1) + set("b", "avc1.64001f", "a", "", 2), "", "a"},
		{"another format", set("a", "avc1.64001e", "b", "", 1) + set("b", "hvc1.1.6.L93.B0", "a", "", 2), "", "a"},
		{"another key", set("a", "avc1.64001e", "b", key("1"), 1) + set("b", "avc1.64001f", "a", key("2"), 2), "", "a"},
		{"the same key", set("a", "avc1.64001e", "b", key("1"), 1) + set("b", "avc1.64001f", "a", key("1"), 2), "", "a b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc := `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT10S"><Period id="p"><SegmentTemplate duration="10" media="$RepresentationID$-$Number$"/>` + tt.sets + `</Period></MPD>`
			sel, err := plan.Select(parse(t, doc), plan.Rules{Video: tt.video})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range sel.Video.Rungs() {
				got = append(got, r.ID)
			}
			want(t, "rungs", strings.Join(got, " "), tt.want)
		})
	}
}

func TestSelect_LeftOut(t *testing.T) {
	support := &mime.Support{Containers: []mime.Container{mime.ISOBMFF}, Decodes: func(id media.CodecID) bool { return id != media.HEVC }}
	sel, err := plan.Select(parse(t, manyTracks), plan.Rules{Supports: support.IsTypeSupported})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range sel.LeftOut {
		got = append(got, l.Track+": "+l.Reason)
		if l.Rep == nil || l.Set == nil || l.Period == nil {
			t.Errorf("%s: incomplete", l.Track)
		}
	}
	want(t, "left out", strings.Join(got, "\n"), `pp/hevc/h1: no decoder for hevc
pp/avc/dolby: unsupported format: Dolby Vision profile 5 has no base layer that plays without it
pp/iamf/iamf: unsupported format: Immersive Audio (IAMF) has no decoder
pp/webm/webm: WebM is not handled
pp/broken/broken: its segments last no time (duration="0")`)
}

func TestAll(t *testing.T) {
	choices, left := plan.All(parse(t, twoPeriods), func(typ string) (bool, string) { return !strings.HasPrefix(typ, "audio"), "no sound" })
	var got []string
	for _, c := range choices {
		got = append(got, c.Representations[0].TrackID+" "+walk(t, plan.NewTrack(c), noGet(t), 2))
	}
	want(t, "choices", strings.Join(got, "\n"), `pone/v/hi ihi hi1[0,2)
pone/v/lo ilo lo1[0,2)
pone/v/mid imid mid1[0,2)
pone/trick/t t1[0,3) t2[3,6)
ptwo/v/lo ilo lo4[6,8)
ptwo/v/mid imid mid4[6,8)`)
	if len(left) != 4 || left[0].Reason != "no sound" {
		t.Errorf("left out: %v", left)
	}
	choices, left = plan.All(parse(t, manyTracks), (&mime.Support{Containers: []mime.Container{mime.ISOBMFF}}).IsTypeSupported)
	if n := len(choices); n != 10 || choices[n-1].Set.ID != "thumbs" || len(left) != 4 {
		t.Errorf("%d choices, %d left out; thumbnails need no decoder", n, len(left))
	}
}

func TestNext_Allocations(t *testing.T) {
	p := parse(t, `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT100000S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="r" bandwidth="1">
<SegmentTemplate duration="1" media="$Number$.m4s"/></Representation></AdaptationSet></Period></MPD>`)
	sel, err := plan.Select(p, plan.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(1000, func() {
		if _, err := sel.Video.Next(time.Time{}, nil); err != nil {
			t.Fatal(err)
		}
	})
	if n > 8 { // the name, and what net/url needs to resolve it
		t.Errorf("%v allocations per segment", n)
	}
}
