package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/check"
	"mseplayer/player/crypt"
	"mseplayer/player/fetch"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/manifest"
	"mseplayer/player/source"
	"mseplayer/player/subtitle"
)

// maxProbeKeys bounds the keys that are listed.
const maxProbeKeys = 1024

// probeSchema names the form of what probe --json prints.
const probeSchema = "mseplayer.probe/1"

// probeOptions are the flags of probe.
type probeOptions struct {
	net  netOptions
	json bool
}

func probeFlags(o *probeOptions) *pflag.FlagSet {
	f := pflag.NewFlagSet("probe", pflag.ContinueOnError)
	f.SortFlags = false
	f.BoolVar(&o.json, "json", false, "print it as JSON")
	o.net.declare(f)
	return f
}

// Times and lengths are in seconds, bit rates in bits per second; what is not known is null.
type (
	probeReport struct {
		Schema   string            `json:"schema"`
		Source   string            `json:"source"`
		Kind     string            `json:"kind"`
		Format   check.Text        `json:"format"`
		Live     bool              `json:"live"`
		Title    check.Text        `json:"title"`
		Duration check.Seconds     `json:"duration"`
		Bitrate  *int64            `json:"bitrate"`
		Profiles check.Text        `json:"profiles"`
		Periods  []probePeriod     `json:"periods"`
		Tracks   []probeTrack      `json:"tracks"`
		Sidecars []probeSidecar    `json:"sidecars"`
		Wanted   []probeWanted     `json:"keysWanted"`
		Chapters []probeChapter    `json:"chapters"`
		Metadata map[string]string `json:"metadata"`
		Session  []probeSession    `json:"session"`
		Keys     []probeKey        `json:"keys"`
		Steering check.Text        `json:"steering"`
		Findings []probeFinding    `json:"findings"`
	}
	// probeWanted is a key that protected media needs: its id, and the protection systems that have it.
	probeWanted struct {
		KID     string     `json:"kid"`
		Systems []string   `json:"systems"`
		License check.Text `json:"license"`
	}
	probeSession struct {
		ID       string     `json:"id"`
		Language string     `json:"lang"`
		Value    check.Text `json:"value"`
		URL      check.Text `json:"url"`
	}
	probeKey struct {
		Method string     `json:"method"`
		Format string     `json:"format"`
		URL    check.Text `json:"url"`
		IV     check.Text `json:"iv"`
	}
	probeEvent struct {
		Scheme   string        `json:"scheme"`
		ID       string        `json:"id"`
		Start    check.Seconds `json:"start"`
		Duration check.Seconds `json:"duration"`
	}
	probePeriod struct {
		ID    string        `json:"id"`
		Start check.Seconds `json:"start"`
		End   check.Seconds `json:"end"`
		Sets  []probeSet    `json:"adaptationSets"`
		// Events are those that the manifest lists.
		Events []probeEvent `json:"events"`
	}
	probeSet struct {
		ID              string                `json:"id"`
		Type            string                `json:"type"`
		Language        string                `json:"lang"`
		Label           check.Text            `json:"label"`
		Roles           []string              `json:"roles"`
		Accessibility   []string              `json:"accessibility"`
		Default         bool                  `json:"default"`
		Forced          bool                  `json:"forced"`
		TrickMode       bool                  `json:"trickMode"`
		Tiles           check.Text            `json:"tiles"`
		Protection      []probeProtection     `json:"protection"`
		Representations []probeRepresentation `json:"representations"`
	}
	probeProtection struct {
		System  check.Text `json:"system"`
		Scheme  string     `json:"scheme"`
		Value   check.Text `json:"value"`
		KIDs    []string   `json:"kids"`
		License check.Text `json:"license"`
	}
	probeRepresentation struct {
		ID              string        `json:"id"`
		Track           string        `json:"track"`
		MIMEType        string        `json:"mimeType"`
		Codecs          check.Text    `json:"codecs"`
		Supported       bool          `json:"supported"`
		Reason          check.Text    `json:"reason"`
		Bandwidth       *int64        `json:"bandwidth"`
		Width           *int64        `json:"width"`
		Height          *int64        `json:"height"`
		FrameRate       check.Seconds `json:"frameRate"`
		SampleRate      *int64        `json:"sampleRate"`
		Channels        *int64        `json:"channels"`
		Encrypted       bool          `json:"encrypted"`
		Addressing      check.Text    `json:"addressing"`
		Timescale       uint32        `json:"timescale"`
		TimestampOffset check.Seconds `json:"timestampOffset"`
		// With are the sets that are made to go with it, null when all are.
		With []string `json:"with"`
		// Keys are those of the first segments, Discontinuities and Gaps how many there are.
		Keys            []probeKey    `json:"keys"`
		Discontinuities int64         `json:"discontinuities"`
		Gaps            int64         `json:"gaps"`
		Segments        *int64        `json:"segments"`
		Init            *probeSegment `json:"init"`
		First           *probeSegment `json:"firstSegment"`
		Last            *probeSegment `json:"lastSegment"`
	}
	probeSegment struct {
		URL      string        `json:"url"`
		Range    check.Text    `json:"range"`
		Start    check.Seconds `json:"start"`
		Duration check.Seconds `json:"duration"`
	}
	probeTrack struct {
		ID        int64      `json:"id"`
		Type      string     `json:"type"`
		Codec     check.Text `json:"codec"`
		Codecs    check.Text `json:"codecs"`
		Supported bool       `json:"supported"`
		Language  string     `json:"lang"`
		Label     check.Text `json:"label"`
		Default   bool       `json:"default"`
		Forced    bool       `json:"forced"`
		Picture   bool       `json:"picture"`
		Encrypted bool       `json:"encrypted"`
		Width     *int64     `json:"width"`
		Height    *int64     `json:"height"`
		Rotation  int        `json:"rotation"`
		Mirror    bool       `json:"mirror"`
		// Clean is how many pixels are not shown at each side, Siting where chroma lies, Light what pictures were mastered for.
		Clean      *probeClean   `json:"cleanAperture"`
		Siting     check.Text    `json:"chromaSiting"`
		Light      *probeLight   `json:"light"`
		FrameRate  check.Seconds `json:"frameRate"`
		SampleRate *int64        `json:"sampleRate"`
		Channels   *int64        `json:"channels"`
		Bitrate    *int64        `json:"bitrate"`
		Frames     *int64        `json:"frames"`
	}
	probeClean struct {
		Left   int `json:"left"`
		Right  int `json:"right"`
		Top    int `json:"top"`
		Bottom int `json:"bottom"`
	}
	// probeLight is in candela per square metre, 0 for what is not told.
	probeLight struct {
		Peak    float32 `json:"peak"`
		Black   float32 `json:"black"`
		MaxCLL  float32 `json:"maxCLL"`
		MaxFALL float32 `json:"maxFALL"`
	}
	// probeSidecar is a file of subtitles beside the source.
	probeSidecar struct {
		Name     string     `json:"name"`
		Format   string     `json:"format"`
		Language string     `json:"lang"`
		Kind     string     `json:"kind"`
		Forced   bool       `json:"forced"`
		URL      check.Text `json:"url"`
	}
	probeChapter struct {
		Start check.Seconds `json:"start"`
		End   check.Seconds `json:"end"`
		Title string        `json:"title"`
	}
	probeFinding struct {
		Code     string            `json:"code"`
		Severity manifest.Severity `json:"severity"`
		Message  string            `json:"message"`
		Where    check.Text        `json:"where"`
	}
)

// probeCommand says what is in a source.
func probeCommand(args []string) (code int) {
	var o probeOptions
	f := probeFlags(&o)
	help := func() string {
		return usageText("probe", "Say what is in a source: periods, tracks, representations, codecs, segments, keys. Nothing is decoded.", f, "")
	}
	if code, done := parse(f, args, help); done {
		return code
	}
	switch f.NArg() {
	case 0:
		return fail("probe", exitUsage, errors.New("name a source: a path, a URL, a folder, or - for standard input"))
	case 1:
	default:
		return fail("probe", exitUsage, fmt.Errorf("takes one source, got %d", f.NArg()))
	}
	ctx, stop := interruptible()
	defer stop()
	open, err := o.net.open(ctx)
	if err != nil {
		return fail("probe", exitUsage, err)
	}
	defer open.Fetch.Close()
	har, err := createHAR(o.net.har)
	if err != nil {
		return fail("probe", exitUsage, err)
	}
	defer func() {
		if err := writeHAR(har, open.Fetch); err != nil && code == exitOK {
			code = fail("probe", exitFailed, err)
		}
	}()
	name, err := resolve(f.Arg(0))
	var rep *probeReport
	if err == nil {
		rep, err = probe(ctx, name, open)
	}
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case err != nil:
		return fail("probe", exitUsage, err)
	case o.json:
		e := json.NewEncoder(os.Stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		err = e.Encode(rep)
	default:
		err = rep.text(os.Stdout)
	}
	if err != nil {
		return fail("probe", exitUsage, pathCause(err))
	}
	return exitOK
}

// prober describes one source.
type prober struct {
	ctx  context.Context
	open source.Options
	src  *source.Source
	mse  mse.Options
	add  func(manifest.Finding)
}

// probe opens a source and describes it.
func probe(ctx context.Context, name string, open source.Options) (*probeReport, error) {
	src, err := source.Open(ctx, name, open)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	p := &prober{ctx: ctx, open: open, src: src, mse: mse.Options{Decodes: ffmpeg.Factory{}.Supports}}
	r := &probeReport{Schema: probeSchema, Source: fetch.Redact(name), Kind: manifest.File.String(), Duration: check.Unknown,
		Periods: []probePeriod{}, Tracks: []probeTrack{}, Sidecars: []probeSidecar{}, Chapters: []probeChapter{}, Metadata: map[string]string{}, Session: []probeSession{}, Keys: []probeKey{}, Wanted: []probeWanted{}, Findings: []probeFinding{}}
	switch {
	case src.File != nil:
		p.file(r)
	case src.Muxed != nil:
		r.Format = "fragmented MP4"
		if strings.HasSuffix(src.Presentation.Periods[0].Sets[0].Representations[0].MIMEType, "/webm") {
			r.Format = "WebM"
		}
		for _, t := range src.Muxed.Tracks {
			r.Tracks = append(r.Tracks, p.track(&t))
			if t.KID != [crypt.KeyBytes]byte{} {
				r.wants([][crypt.KeyBytes]byte{t.KID}, nil)
			}
		}
		p.presentation(r)
		if x := r.Periods[0].Sets[0].Representations[0]; !r.Duration.Known() && x.Last != nil && x.Last.Duration > 0 {
			r.Duration = x.Last.Start + x.Last.Duration
		}
	default:
		p.presentation(r)
	}
	if src.Presentation == nil || src.Muxed != nil {
		for _, c := range source.Sidecars(src.URL) {
			x := probeSidecar{Name: c.Name, Format: c.Format, Language: "und", Kind: c.Kind, Forced: c.Forced, URL: check.Text(fetch.Redact(c.URL))}
			if c.Language != "" {
				x.Language = c.Language
			}
			r.Sidecars = append(r.Sidecars, x)
		}
	}
	return r, ctx.Err()
}

func (p *prober) file(r *probeReport) {
	info := p.src.File.Info()
	r.Format, r.Title = check.Text(info.Format), check.Text(info.Title)
	if info.Duration > 0 {
		r.Duration = check.Seconds(info.Duration)
	}
	r.Bitrate = known(info.BitRate)
	if info.Metadata != nil {
		r.Metadata = info.Metadata
	}
	for _, t := range p.src.File.Tracks() {
		x := p.track(&t.TrackInfo)
		x.Default, x.Forced, x.Frames, x.Bitrate = t.Default, t.Forced, known(t.Frames), known(t.BitRate)
		r.Tracks = append(r.Tracks, x)
	}
	for _, s := range info.Others {
		x := p.track(&media.TrackInfo{ID: s.ID, Kind: s.Kind, Config: s.Config, Language: s.Language, Label: s.Title})
		x.Picture = s.Picture
		if s.Kind == 0 {
			x.Type = "data"
		}
		r.Tracks = append(r.Tracks, x)
	}
	for _, c := range info.Chapters {
		r.Chapters = append(r.Chapters, probeChapter{check.Seconds(c.Start), check.Seconds(c.End), c.Title})
	}
}

// sitings are the names of media.ColorInfo.Siting.
var sitings = map[uint8]string{1: "left", 2: "center", 3: "top left", 4: "top", 5: "bottom left", 6: "bottom"}

// track describes an elementary stream.
func (p *prober) track(t *media.TrackInfo) probeTrack {
	x := probeTrack{ID: int64(t.ID), Type: t.Kind.String(), Language: "und", Label: check.Text(t.Label), FrameRate: check.Unknown}
	if t.Language != "" {
		x.Language = t.Language
	}
	if t.Kind == media.Video && t.FrameDuration > 0 {
		x.FrameRate = check.Seconds(1 / float64(t.FrameDuration))
	}
	if c := t.Config; c != nil {
		x.Codec = check.Text(c.Codec)
		if c.Codec != "" {
			x.Codecs = check.Text(mime.FromConfig(c))
		}
		x.Supported = p.mse.Decodes(c.Codec)
		if t.Kind == media.Text {
			x.Supported = subtitle.IsCaptions(c) || subtitle.Supports(c, ffmpeg.Factory{})
		}
		x.Mirror, x.Siting = c.Mirror, check.Text(sitings[c.Color.Siting])
		if c.Clean != (media.Clean{}) {
			x.Clean = &probeClean{c.Clean.Left, c.Clean.Right, c.Clean.Top, c.Clean.Bottom}
		}
		if l := c.Color.Light; l != (media.Light{}) {
			x.Light = &probeLight{l.Peak, l.Black, l.MaxCLL, l.MaxFALL}
		}
		x.Encrypted, x.Rotation = c.Encrypted, c.Rotation
		x.Width, x.Height, x.SampleRate, x.Channels = known(c.Width), known(c.Height), known(c.SampleRate), known(c.Channels)
	}
	return x
}

func (p *prober) presentation(r *probeReport) {
	pres := p.src.Presentation
	r.Kind, r.Live = pres.Format.String(), pres.Live != nil
	r.Title, r.Profiles = check.Text(pres.Title), check.Text(pres.Profiles)
	if pres.Duration.Set {
		r.Duration = check.Seconds(pres.Duration.T)
	} else if pres.DeclaredDuration.Set {
		r.Duration = check.Seconds(pres.DeclaredDuration.T)
	}
	for _, d := range pres.Session {
		r.Session = append(r.Session, probeSession{d.ID, d.Lang, check.Text(d.Value), check.Text(fetch.Redact(d.URL))})
	}
	for _, k := range pres.Keys {
		r.Keys = append(r.Keys, keyOf(k))
	}
	if pres.Steering != nil {
		r.Steering = check.Text(fetch.Redact(pres.Steering.URL))
	}
	for _, f := range pres.Findings {
		r.add(f)
	}
	p.add = r.add
	for _, per := range pres.Periods {
		x := probePeriod{ID: per.ID, Start: check.Seconds(per.Start), End: check.Unknown, Sets: []probeSet{}, Events: []probeEvent{}}
		for _, e := range per.Events {
			y := probeEvent{Scheme: e.Scheme, ID: e.ID, Start: check.Seconds(e.Start), Duration: check.Unknown}
			if e.Duration.Set {
				y.Duration = check.Seconds(e.Duration.T)
			}
			x.Events = append(x.Events, y)
		}
		if per.End.Set {
			x.End = check.Seconds(per.End.T)
		}
		for _, set := range per.Sets {
			r.wantsOf(set)
			x.Sets = append(x.Sets, p.set(per, set))
		}
		r.Periods = append(r.Periods, x)
	}
}

// add lists a finding once: representations may share a list.
func (r *probeReport) add(f manifest.Finding) {
	x := probeFinding{f.Code, f.Severity, f.Message, check.Text(f.Where)}
	if !slices.Contains(r.Findings, x) {
		r.Findings = append(r.Findings, x)
	}
}

// wantsOf notes the keys that a set needs.
func (r *probeReport) wantsOf(set *manifest.AdaptationSet) {
	all := slices.Clone(set.Protection)
	for _, x := range set.Representations {
		all = append(all, x.Protection...)
	}
	var kids [][crypt.KeyBytes]byte
	for _, d := range all {
		kids = append(kids, d.KIDs...)
	}
	r.wants(kids, all)
}

// wants notes keys, and who has them.
func (r *probeReport) wants(kids [][crypt.KeyBytes]byte, by []manifest.Protection) {
	for _, kid := range kids {
		name := hex.EncodeToString(kid[:])
		i := slices.IndexFunc(r.Wanted, func(k probeWanted) bool { return k.KID == name })
		if i < 0 {
			if len(r.Wanted) == maxProbeKeys {
				return
			}
			i, r.Wanted = len(r.Wanted), append(r.Wanted, probeWanted{KID: name, Systems: []string{}})
		}
		k := &r.Wanted[i]
		for _, d := range by {
			if s := d.System; s != "" && s != "cenc" && !slices.Contains(k.Systems, s) {
				k.Systems = append(k.Systems, s)
			}
			if d.System == "clearkey" && d.LicenseURL != "" && k.License == "" {
				k.License = check.Text(fetch.Redact(d.LicenseURL))
			}
		}
	}
}

func keyOf(k *manifest.Key) probeKey {
	x := probeKey{Method: k.Method.String(), Format: k.Format, URL: check.Text(fetch.Redact(k.URL))}
	if k.IV != nil {
		x.IV = check.Text(hex.EncodeToString(k.IV[:]))
	}
	return x
}

func (p *prober) set(per *manifest.Period, set *manifest.AdaptationSet) probeSet {
	x := probeSet{ID: set.ID, Type: set.Kind.String(), Language: "und", Label: check.Text(set.Label), Roles: []string{}, Accessibility: []string{},
		Default: set.Default, Forced: set.Forced, TrickMode: set.TrickMode,
		Protection: []probeProtection{}, Representations: []probeRepresentation{}}
	if set.Lang != "" {
		x.Language = set.Lang
	}
	if set.Tiles != nil {
		x.Tiles = check.Text(fmt.Sprintf("%dx%d", set.Tiles.Columns, set.Tiles.Rows))
	}
	for _, d := range set.Roles {
		x.Roles = append(x.Roles, d.Value)
	}
	for _, d := range set.Accessibility {
		x.Accessibility = append(x.Accessibility, d.Value)
	}
	var list []manifest.Protection
	list = append(list, set.Protection...)
	for _, r := range set.Representations {
		if len(set.Protection) == 0 {
			list = append(list, r.Protection...)
		}
		x.Representations = append(x.Representations, p.representation(per, r))
	}
	for _, c := range list {
		y := probeProtection{System: check.Text(c.System), Scheme: c.Scheme, Value: check.Text(c.Value), KIDs: []string{}, License: check.Text(fetch.Redact(c.LicenseURL))}
		for _, k := range c.KIDs {
			y.KIDs = append(y.KIDs, hex.EncodeToString(k[:]))
		}
		if !slices.ContainsFunc(x.Protection, func(o probeProtection) bool { return o.Scheme == y.Scheme && slices.Equal(o.KIDs, y.KIDs) }) {
			x.Protection = append(x.Protection, y)
		}
	}
	return x
}

func (p *prober) representation(per *manifest.Period, r *manifest.Representation) probeRepresentation {
	x := probeRepresentation{ID: r.ID, Track: r.TrackID, MIMEType: r.MIMEType, Codecs: check.Text(r.Codecs), Bandwidth: known(r.Bandwidth),
		Width: known(r.Width), Height: known(r.Height), FrameRate: check.Unknown, SampleRate: known(r.SampleRate), Channels: known(r.Channels),
		Encrypted: r.Encrypted(), Timescale: r.Timescale, TimestampOffset: check.Seconds(r.TimestampOffset(per)),
		With: r.With, Keys: []probeKey{}}
	if f := r.FrameRate.Float(); f > 0 {
		x.FrameRate = check.Seconds(f)
	}
	ok, reason := p.mse.IsTypeSupported(r.Type())
	switch {
	case r.Unusable != "":
		ok, reason = false, r.Unusable
	case r.Kind == manifest.Image || r.Kind == manifest.Text:
		ok, reason = true, ""
	}
	x.Supported, x.Reason = ok, check.Text(reason)
	if r.Addressing != 0 {
		x.Addressing = check.Text(r.Addressing.String())
	}
	init, list := r.Init, r.Segments
	if r.Lazy != nil {
		if r.Addressing == 0 {
			x.Addressing = check.Text(manifest.Indexed.String())
		}
		if l, err := r.Lazy.Load(source.Getter(p.ctx, p.open.Fetch, p.src.Presentation.URL)); err != nil {
			x.Supported, x.Reason = false, check.Text("list of segments: "+oneLine(err.Error()))
		} else {
			init, list = l.Init, l.Index
			for _, f := range l.Findings {
				p.add(f)
			}
		}
	}
	if init != nil {
		x.Init = &probeSegment{URL: fetch.Redact(init.URL), Range: check.Text(init.Range.String()), Start: check.Unknown, Duration: check.Unknown}
	}
	if list != nil {
		n := int64(list.Len())
		x.Segments = &n
		if n > 0 {
			x.First, x.Last = segmentOf(list.At(0)), segmentOf(list.At(int(n-1)))
			x.Discontinuities = list.At(int(n-1)).Discontinuity - list.At(0).Discontinuity
		}
		if r.Floating {
			x.walk(list)
		}
	}
	return x
}

// walk looks at every segment of a list that is written out.
func (x *probeRepresentation) walk(list manifest.Index) {
	const maxKeys = 8
	var last *manifest.Key
	for i := range list.Len() {
		s := list.At(i)
		if s.Gap {
			x.Gaps++
		}
		if s.Key != nil && s.Key != last && len(x.Keys) < maxKeys {
			if k := keyOf(s.Key); !slices.Contains(x.Keys, k) {
				x.Keys = append(x.Keys, k)
			}
		}
		last = s.Key
		x.Encrypted = x.Encrypted || s.Key != nil
	}
}

func segmentOf(s manifest.SegmentRef) *probeSegment {
	return &probeSegment{URL: fetch.Redact(s.URL), Range: check.Text(s.Range.String()), Start: check.Seconds(s.Start), Duration: check.Seconds(s.Duration)}
}

// known returns nil for a number of which 0 means unknown.
func known[T int | int64](n T) *int64 {
	if n <= 0 {
		return nil
	}
	v := int64(n)
	return &v
}

// text writes the report for people.
func (r *probeReport) text(w io.Writer) error {
	var b strings.Builder
	facts := []string{r.Kind}
	add := func(format string, args ...any) { facts = append(facts, fmt.Sprintf(format, args...)) }
	if r.Format != "" {
		add("%s", r.Format)
	}
	if r.Live {
		add("live")
	}
	if r.Duration.Known() {
		add("%s", media.Time(r.Duration).Clock())
	}
	if r.Bitrate != nil {
		add("%d kbit/s", (*r.Bitrate+500)/1000)
	}
	fmt.Fprintf(&b, "%s\n%s\n", r.Source, strings.Join(facts, ", "))
	if r.Title != "" {
		fmt.Fprintf(&b, "title: %s\n", oneLine(string(r.Title)))
	}
	for _, d := range r.Session {
		fmt.Fprintf(&b, "  session data %s: %s\n", oneLine(d.ID), join(d.Language, oneLine(string(d.Value)), string(d.URL)))
	}
	for _, k := range r.Keys {
		fmt.Fprintf(&b, "  session key: %s\n", k.text())
	}
	if r.Steering != "" {
		fmt.Fprintf(&b, "  steering server: %s\n", r.Steering)
	}
	for _, t := range r.Tracks {
		b.WriteString("  " + t.text() + "\n")
	}
	for _, c := range r.Sidecars {
		lang, forced := "", ""
		if c.Language != "und" {
			lang = c.Language
		}
		if c.Forced {
			forced = "forced"
		}
		fmt.Fprintf(&b, "  %s\n", join("beside it: "+oneLine(c.Name), c.Kind, lang, forced))
	}
	if r.Kind != manifest.File.String() {
		for _, p := range r.Periods {
			p.text(&b)
		}
	}
	for _, k := range r.Wanted {
		fmt.Fprintf(&b, "  key wanted: %s\n", join(k.KID, strings.Join(k.Systems, " "), string(k.License)))
	}
	for _, c := range r.Chapters {
		fmt.Fprintf(&b, "  chapter %s to %s  %s\n", clock(c.Start), clock(c.End), oneLine(c.Title))
	}
	var keys []string
	for k := range r.Metadata {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(&b, "  %s: %s\n", oneLine(k), oneLine(r.Metadata[k]))
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s", f.Severity, f.Code)
		if f.Where != "" {
			fmt.Fprintf(&b, " at %s", f.Where)
		}
		fmt.Fprintf(&b, ": %s\n", oneLine(f.Message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// maxShownURL bounds URLs in text: keys may be data URLs.
const maxShownURL = 100

func (k probeKey) text() string {
	u, format := string(k.URL), k.Format
	if len(u) > maxShownURL {
		u = u[:maxShownURL] + "…"
	}
	if format == "identity" {
		format = ""
	}
	return join(k.Method, oneLine(format), oneLine(u))
}

func clock(s check.Seconds) string {
	if !s.Known() {
		return "?"
	}
	return media.Time(s).Clock()
}

// join puts the words that are not empty in a row.
func join(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), ", ")
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// shape is the size and frame rate of pictures, or the rate and channels of sound.
func shape(width, height *int64, rate check.Seconds, hz, channels *int64) string {
	var size, fps, sound string
	if width != nil && height != nil {
		size = fmt.Sprintf("%dx%d", *width, *height)
	}
	if rate.Known() {
		fps = strconv.FormatFloat(float64(rate), 'f', -1, 32) + " fps"
	}
	if hz != nil {
		sound = fmt.Sprintf("%d Hz", *hz)
	}
	if channels != nil {
		noun := "channels"
		if *channels == 1 {
			noun = "channel"
		}
		sound = join(sound, fmt.Sprintf("%d %s", *channels, noun))
	}
	return join(size, fps, sound)
}

func (t *probeTrack) text() string {
	lang, bitrate, flags := "", "", ""
	if t.Language != "und" {
		lang = t.Language
	}
	if t.Bitrate != nil {
		bitrate = fmt.Sprintf("%d kbit/s", (*t.Bitrate+500)/1000)
	}
	for _, x := range []struct {
		on   bool
		name string
	}{{t.Default, "default"}, {t.Forced, "forced"}, {t.Picture, "cover picture"}, {t.Encrypted, "encrypted"}, {!t.Supported && t.Type != "data", "no decoder"}} {
		if x.on {
			flags = join(flags, x.name)
		}
	}
	picture := ""
	if t.Rotation != 0 {
		picture = fmt.Sprintf("rotated by %d°", t.Rotation)
	}
	if t.Mirror {
		picture = join(picture, "mirrored")
	}
	if c := t.Clean; c != nil {
		picture = join(picture, fmt.Sprintf("without %d, %d, %d and %d pixels at the left, right, top and bottom", c.Left, c.Right, c.Top, c.Bottom))
	}
	if t.Siting != "" {
		picture = join(picture, "chroma "+string(t.Siting))
	}
	if l := t.Light; l != nil {
		if l.Peak > 0 {
			picture = join(picture, fmt.Sprintf("mastered at %g to %g cd/m²", l.Black, l.Peak))
		}
		if l.MaxCLL > 0 || l.MaxFALL > 0 {
			picture = join(picture, fmt.Sprintf("light up to %g, %g on average", l.MaxCLL, l.MaxFALL))
		}
	}
	codec := string(t.Codecs)
	if codec == "" {
		codec = string(t.Codec)
	}
	return fmt.Sprintf("%-3d %-5s  %s", t.ID, t.Type, join(codec, shape(t.Width, t.Height, t.FrameRate, t.SampleRate, t.Channels), picture, lang, oneLine(string(t.Label)), bitrate, flags))
}

func (p *probePeriod) text(b *strings.Builder) {
	fmt.Fprintf(b, "  period %s  %s to %s\n", p.ID, clock(p.Start), clock(p.End))
	for _, e := range p.Events {
		length := ""
		if e.Duration.Known() {
			length = " for " + clock(e.Duration)
		}
		fmt.Fprintf(b, "    event at %s%s  %s\n", clock(e.Start), length, join(oneLine(e.Scheme), oneLine(e.ID)))
	}
	for _, s := range p.Sets {
		lang, tiles, trick, chosen := "", "", "", ""
		if s.Default {
			chosen = "default"
		}
		if s.Language != "und" {
			lang = s.Language
		}
		if s.Tiles != "" {
			tiles = "tiles " + string(s.Tiles)
		}
		if s.TrickMode {
			trick = "for fast winding"
		}
		fmt.Fprintf(b, "    set %s  %s\n", s.ID, join(s.Type, lang, oneLine(string(s.Label)), strings.Join(s.Roles, " "), chosen, tiles, trick))
		for _, c := range s.Protection {
			name := string(c.System)
			if name == "" {
				name = c.Scheme
			}
			fmt.Fprintf(b, "      protected: %s\n", join(name, string(c.Value), strings.Join(c.KIDs, " "), string(c.License)))
		}
		for i := range s.Representations {
			s.Representations[i].text(b)
		}
	}
}

func (r *probeRepresentation) text(b *strings.Builder) {
	bandwidth, segments, note := "", "", ""
	if r.Bandwidth != nil {
		bandwidth = fmt.Sprintf("%d kbit/s", (*r.Bandwidth+500)/1000)
	}
	if r.Segments != nil {
		segments = fmt.Sprintf("%d segments (%s)", *r.Segments, r.Addressing)
		if *r.Segments == 1 {
			segments = fmt.Sprintf("1 segment (%s)", r.Addressing)
		}
		if *r.Segments > 1 && r.First.Duration > 0 {
			segments += fmt.Sprintf(" of %s s", strconv.FormatFloat(float64(r.First.Duration), 'f', -1, 32))
		}
	}
	if r.Discontinuities > 0 {
		segments = join(segments, counted(r.Discontinuities, "discontinuity", "discontinuities"))
	}
	if r.Gaps > 0 {
		segments = join(segments, counted(r.Gaps, "gap", "gaps"))
	}
	if len(r.With) > 0 {
		segments = join(segments, "with sets "+strings.Join(r.With, " "))
	}
	if !r.Supported {
		note = "not supported: " + string(r.Reason)
	}
	fmt.Fprintf(b, "      %s  %s\n", r.ID, join(r.MIMEType, string(r.Codecs), shape(r.Width, r.Height, r.FrameRate, r.SampleRate, r.Channels), bandwidth, segments, note))
	for _, k := range r.Keys {
		fmt.Fprintf(b, "        key: %s\n", k.text())
	}
}
