package isobmff

import (
	"fmt"
	"math"
	"strings"

	"github.com/Eyevinn/mp4ff/mp4"

	"mseplayer/mse/media"
)

// movie is what an initialization segment told.
type movie struct {
	duration media.Time
	tracks   []*track
	systems  []media.ProtectionSystem
}

// track is one trak of a movie.
type track struct {
	id uint32
	// kind is 0 for a track that is none of video, audio and text (hints, time codes, timed metadata). It is not
	// reported, and its samples are passed over.
	kind      media.Kind
	timescale uint32
	// shift is what the edit list subtracts from decode and composition times, in ticks.
	shift    int64
	entries  []entry
	def      defaults // trex
	extended bool     // there was a trex
	groups   []seig
	info     media.TrackInfo
	refusal  string
	// nextDTS is where the last fragment ended, in ticks before the edit list.
	nextDTS int64
}

// entry is one sample description.
type entry struct {
	config     *media.DecoderConfig
	protection *protection // nil for clear samples
	pcm        bool        // uncompressed audio, whose samples are batched
	// frameSamples is how many samples of sound a coded frame makes, 0 if that is not known; roll is how many coded
	// frames of preroll a sample group asks for.
	frameSamples, roll int
}

// track returns the track of that ID, nil if there is none.
func (m *movie) track(id uint32) *track {
	for _, t := range m.tracks {
		if t.id == id {
			return t
		}
	}
	return nil
}

// ids lists the track IDs for a message.
func (m *movie) ids() string {
	if len(m.tracks) == 0 {
		return "none"
	}
	var b strings.Builder
	for i, t := range m.tracks {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, t.id)
	}
	return b.String()
}

// initSegment is what the handler gets.
func (m *movie) initSegment() *media.InitSegment {
	s := &media.InitSegment{Duration: m.duration, Systems: m.systems}
	for _, t := range m.tracks {
		if t.kind != 0 {
			s.Tracks = append(s.Tracks, t.info)
		}
	}
	return s
}

// parseMoov reads a moov.
// MSE: iso-init-segments. ISO/IEC 14496-12 §8.2.
func parseMoov(b *box, opt Options) (*movie, error) {
	r := moovReader{opt: opt, m: &movie{}}
	mvhd, ok := b.child("mvhd", 0)
	if !ok {
		return nil, fault("moov", b.off, "has no mvhd")
	}
	mv, err := decode[*mp4.MvhdBox](&mvhd)
	if err != nil {
		return nil, unreadable("moov/mvhd", &mvhd, err)
	}
	if r.timescale = mv.Timescale; r.timescale == 0 {
		return nil, fault("moov/mvhd", mvhd.off, "timescale is 0")
	}
	r.m.duration = movieDuration(mv.Duration, r.timescale)
	w := b.children(0)
	for w.next() {
		if w.box.is("pssh") {
			if p, ok := readSystem(w.box.body); ok && len(r.m.systems) < maxSystems {
				r.m.systems = append(r.m.systems, p)
			}
		}
		if !w.box.is("trak") {
			continue
		}
		if len(r.m.tracks) == maxTracks {
			return nil, fault("moov", w.box.off, "holds more than %d traks", maxTracks)
		}
		if err := r.trak(&w.box); err != nil {
			return nil, err
		}
	}
	if err := w.err("moov"); err != nil {
		return nil, err
	}
	mvex, ok := b.child("mvex", 0)
	if !ok {
		return nil, notFragmented("moov", b.off, "has no mvex")
	}
	return r.m, r.mvex(&mvex)
}

// maxSystems bounds the protection systems of a movie, maxSystemKeys the keys that one lists.
const maxSystems, maxSystemKeys = 32, 256

// readSystem reads the payload of a pssh. ok is false if it is none.
// ISO/IEC 23001-7 §8.1.
func readSystem(b []byte) (s media.ProtectionSystem, ok bool) {
	const head, id, number = 4, 16, 4
	if len(b) < head+id {
		return s, false
	}
	copy(s.ID[:], b[head:])
	if rest := b[head+id:]; b[0] > 0 && len(rest) >= number {
		n := int64(be.Uint32(rest))
		for rest = rest[number:]; n > 0 && len(rest) >= id && len(s.KIDs) < maxSystemKeys; n-- {
			s.KIDs = append(s.KIDs, [id]byte(rest[:id]))
			rest = rest[id:]
		}
	}
	return s, true
}

// movieDuration is a declared duration in seconds. 0 and all ones mean that none is declared.
func movieDuration(ticks uint64, timescale uint32) media.Time {
	if ticks == 0 || ticks == math.MaxUint32 || ticks > maxTicks {
		return media.Forever
	}
	return media.FromTicks(int64(ticks), timescale)
}

// notFragmented is the error for a file that is to be played by other means.
func notFragmented(path string, off int64, format string, args ...any) error {
	e := fault(path, off, format, args...)
	e.Err = ErrNotFragmented
	return e
}

// moovReader reads one moov.
type moovReader struct {
	opt       Options
	m         *movie
	timescale uint32 // of the movie
}

// path names a trak in errors.
func (r *moovReader) path(rest string) string {
	return fmt.Sprintf("moov/trak[%d]%s", len(r.m.tracks), rest)
}

// trak reads one trak and adds the track to the movie.
func (r *moovReader) trak(b *box) error {
	t := &track{}
	tkhdBox, ok := b.child("tkhd", 0)
	if !ok {
		return fault(r.path(""), b.off, "has no tkhd")
	}
	tkhd, err := decode[*mp4.TkhdBox](&tkhdBox)
	if err != nil {
		return unreadable(r.path("/tkhd"), &tkhdBox, err)
	}
	if t.id = tkhd.TrackID; t.id == 0 {
		return fault(r.path("/tkhd"), tkhdBox.off, "track ID is 0")
	}
	if r.m.track(t.id) != nil {
		return fault(r.path("/tkhd"), tkhdBox.off, "track ID %d is used twice", t.id)
	}
	mdia, ok := b.child("mdia", 0)
	if !ok {
		return fault(r.path(""), b.off, "has no mdia")
	}
	minf, ok := mdia.child("minf", 0)
	if !ok {
		return fault(r.path("/mdia"), mdia.off, "has no minf")
	}
	stbl, ok := minf.child("stbl", 0)
	if !ok {
		return fault(r.path("/mdia/minf"), minf.off, "has no stbl")
	}
	if err := r.media(t, &mdia); err != nil {
		return err
	}
	if err := r.sampleTable(t, &stbl); err != nil {
		return err
	}
	if t.kind == 0 {
		r.m.tracks = append(r.m.tracks, t)
		return nil
	}
	if err := r.references(&minf); err != nil {
		return err
	}
	if t.groups, err = parseGroups(&stbl, r.path("/mdia/minf/stbl")); err != nil {
		return err
	}
	if edts, ok := b.child("edts", 0); ok {
		if err := r.edits(t, &edts); err != nil {
			return err
		}
	}
	stsd, ok := stbl.child("stsd", 0)
	if !ok {
		return fault(r.path("/mdia/minf/stbl"), stbl.off, "has no stsd")
	}
	if err := r.entries(t, tkhd, &stsd); err != nil {
		return err
	}
	if udta, ok := b.child("udta", 0); ok {
		if name, ok := udta.child("name", 0); ok {
			t.info.Label = text(name.body)
		}
	}
	t.info.ID, t.info.Kind = t.id, t.kind
	if roll := rollSamples(&stbl); roll > 0 {
		for i := range t.entries {
			t.entries[i].roll = roll
		}
	}
	r.m.tracks = append(r.m.tracks, t)
	return nil
}

// media reads the time scale, the kind, the language and the label of a track.
func (r *moovReader) media(t *track, mdia *box) error {
	mdhdBox, ok := mdia.child("mdhd", 0)
	if !ok {
		return fault(r.path("/mdia"), mdia.off, "has no mdhd")
	}
	mdhd, err := decode[*mp4.MdhdBox](&mdhdBox)
	if err != nil {
		return unreadable(r.path("/mdia/mdhd"), &mdhdBox, err)
	}
	if t.timescale = mdhd.Timescale; t.timescale == 0 {
		return fault(r.path("/mdia/mdhd"), mdhdBox.off, "timescale is 0")
	}
	hdlrBox, ok := mdia.child("hdlr", 0)
	if !ok {
		return fault(r.path("/mdia"), mdia.off, "has no hdlr")
	}
	hdlr, err := decode[*mp4.HdlrBox](&hdlrBox)
	if err != nil {
		return unreadable(r.path("/mdia/hdlr"), &hdlrBox, err)
	}
	switch hdlr.HandlerType {
	case "vide":
		t.kind = media.Video
	case "soun":
		t.kind = media.Audio
	case "text", "subt", "sbtl", "clcp":
		t.kind = media.Text
	}
	t.info.Label = text([]byte(hdlr.Name))
	t.info.Language = language(mdhd.GetLanguage())
	if elngBox, ok := mdia.child("elng", 0); ok {
		if elng, err := decode[*mp4.ElngBox](&elngBox); err == nil && elng.Language != "" {
			t.info.Language = language(elng.Language)
		}
	}
	return nil
}

// text is a string of the format: it ends at the first zero byte, and QuickTime writes its length before it. It is
// cut to maxLabel bytes.
func text(b []byte) string {
	if len(b) > 1 && int(b[0]) == len(b)-1 && b[0] < ' ' {
		b = b[1:]
	}
	s, _, _ := strings.Cut(string(b[:min(len(b), maxLabel)]), "\x00")
	return strings.ToValidUTF8(s, "\uFFFD")
}

// language is a language tag, or "" for those that mean nothing.
func language(tag string) string {
	for _, c := range tag {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') {
			return "" // a QuickTime language number, or an unset field
		}
	}
	if tag == "und" {
		return ""
	}
	return tag
}

// sampleTable refuses tracks with samples outside of fragments.
func (r *moovReader) sampleTable(t *track, stbl *box) error {
	for w := stbl.children(0); w.next(); {
		b := w.box.body
		at, counts := fullBoxBytes, false
		switch w.box.typ.String() {
		case "stsz", "stz2":
			at, counts = fullBoxBytes+4, true
		case "stco", "co64":
			counts = true
		case "stts", "stsc":
			counts = r.opt.Strict
		default:
			continue
		}
		if counts && len(b) >= at+4 && be.Uint32(b[at:]) != 0 && (r.opt.Strict || t.kind != 0) {
			return notFragmented(r.path("/mdia/minf/stbl/")+w.box.typ.String(), w.box.off, "track %d has samples in the moov", t.id)
		}
	}
	return nil
}

// references refuses media that lies in another file.
func (r *moovReader) references(minf *box) error {
	dinf, ok := minf.child("dinf", 0)
	if !ok || !r.opt.Strict {
		return nil
	}
	dref, ok := dinf.child("dref", 0)
	if !ok {
		return nil
	}
	for w := dref.children(fullBoxBytes + 4); w.next(); {
		const selfContained = 1
		if b := w.box.body; len(b) >= fullBoxBytes && be.Uint32(b)&selfContained == 0 {
			return fault(r.path("/mdia/minf/dinf/dref"), w.box.off, "refers to media outside of the file")
		}
	}
	return nil
}

// edits turns the edit list into one shift: leading empty edits delay the track, the media time of the first edit
// that is not empty advances it. ISO/IEC 14496-12 §8.6.6.
func (r *moovReader) edits(t *track, edts *box) error {
	elstBox, ok := edts.child("elst", 0)
	if !ok {
		return nil
	}
	elst, err := decode[*mp4.ElstBox](&elstBox)
	if err != nil {
		return unreadable(r.path("/edts/elst"), &elstBox, err)
	}
	const empty = -1
	delay, start := 0.0, int64(0)
	for _, e := range elst.Entries {
		if e.MediaTime != empty {
			start = e.MediaTime
			break
		}
		delay += float64(e.SegmentDuration)
	}
	delay = math.Round(delay * float64(t.timescale) / float64(r.timescale))
	if start < 0 || start > maxTicks/2 || delay > maxTicks/2 {
		return fault(r.path("/edts/elst"), elstBox.off, "an edit lies beyond any timeline")
	}
	t.shift = start - int64(delay)
	return nil
}

// mvex reads the duration and the defaults for fragments.
func (r *moovReader) mvex(b *box) error {
	for w := b.children(0); w.next(); {
		switch {
		case w.box.is("mehd"):
			mehd, err := decode[*mp4.MehdBox](&w.box)
			if err != nil {
				return unreadable("moov/mvex/mehd", &w.box, err)
			}
			if d := mehd.FragmentDuration; d > 0 {
				r.m.duration = movieDuration(uint64(d), r.timescale)
			}
		case w.box.is("trex"):
			trex, err := decode[*mp4.TrexBox](&w.box)
			if err != nil {
				return unreadable("moov/mvex/trex", &w.box, err)
			}
			if t := r.m.track(trex.TrackID); t != nil {
				t.extended = true
				t.def = defaults{trex.DefaultSampleDescriptionIndex, trex.DefaultSampleDuration, trex.DefaultSampleSize, trex.DefaultSampleFlags}
			}
		}
	}
	for i, t := range r.m.tracks {
		if t.def.entry == 0 {
			t.def.entry = 1
		}
		if !t.extended && r.opt.Strict {
			return fault("moov/mvex", b.off, "has no trex for track %d (trak[%d])", t.id, i)
		}
		t.info.FrameDuration = media.SpanFromTicks(int64(t.def.duration), t.timescale)
		for k := range t.entries {
			t.entries[k].finish(t)
			if p := t.entries[k].protection; p != nil && t.info.KID == [16]byte{} {
				t.info.KID = p.def.kid
			}
		}
	}
	return nil
}

// rollSamples is how many samples before a seek target the track asks to be decoded, by its roll groups, 0 if it
// does not say. ISO/IEC 14496-12 §10.1.
func rollSamples(stbl *box) int {
	most := 0
	for _, grouping := range []string{"roll", "prol"} {
		entries, _ := parseSgpd(stbl, grouping, 2)
		for _, e := range entries {
			if len(e) >= 2 {
				most = max(most, -int(int16(be.Uint16(e))))
			}
		}
	}
	return most
}
