package msetest

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/Eyevinn/mp4ff/mp4"

	"mseplayer/mse/media"
)

// Builder is a fragmented movie as a table: it writes the ISO BMFF bytes that a SourceBuffer takes. Everything it
// makes depends on its fields alone. The methods only read; the result is new memory each time.
type Builder struct {
	// Tracks in the order of the container.
	Tracks []BuilderTrack
	// Duration is declared in the initialization segment; 0 declares none.
	Duration media.Span
}

// BuilderTrack is one track of a Builder. The zero value of a field is a sensible default.
type BuilderTrack struct {
	ID uint32
	// Timescale is the ticks per second of the samples' times.
	Timescale uint32
	// Entries are the sample descriptions; the first tells the kind of the track.
	Entries []BuilderEntry
	// Language is three letters, "und" by default; Label is the handler's name.
	Language, Label string
	// Delay is a leading empty edit in milliseconds; Skip is the media time of the edit behind it, in ticks.
	Delay uint32
	Skip  int64
	// Samples in decode order. Decode times rise.
	Samples []BuilderSample
}

// BuilderEntry is a sample description: a configuration and, for protected media, how samples are encrypted unless
// they say otherwise.
type BuilderEntry struct {
	*media.DecoderConfig
	// Format is the sample entry's type; "" takes the usual one of the codec.
	Format string
	// Scheme is "" for clear media; KID, IVBytes (of each sample, 0, 8 or 16), ConstantIV and the pattern as in tenc.
	Scheme                  string
	KID                     [16]byte
	IVBytes                 int
	ConstantIV              []byte
	CryptBlocks, SkipBlocks byte
}

// BuilderSample is one coded frame. Times are ticks of the track's timescale, before its edit list.
type BuilderSample struct {
	PTS, DTS, Dur int64
	Key           bool
	// Entry is the index of the sample description.
	Entry int
	Data  []byte
	// IV and Subsamples describe the encryption of a sample whose entry has a scheme.
	IV         []byte
	Subsamples []media.Subsample
}

// movieTimescale is the ticks per second of durations in the movie header and of edits.
const movieTimescale = 1000

// Sample flags of the format: a sync sample that depends on none, and one that depends on others.
const (
	flagsSync    = mp4.SyncSampleFlags
	flagsNonSync = mp4.NonSyncSampleFlags
)

// Payload is the content that fake decoders understand: the presentation time in milliseconds as text, zero-padded
// to size bytes, or longer if the text is.
func Payload(pts media.Time, size int) []byte {
	b := make([]byte, 0, max(size, 16))
	b = append(b, millis(pts)...)
	return append(b, make([]byte, max(0, size-len(b)))...)
}

// PayloadPTS reads the presentation time out of what Payload made.
func PayloadPTS(data []byte) (media.Time, error) {
	text, _, _ := bytes.Cut(data[:min(len(data), 64)], []byte{0})
	return moment(string(text))
}

// Init is the initialization segment.
func (b *Builder) Init() []byte {
	moov := mp4.NewMoovBox()
	mvhd := mp4.CreateMvhd()
	mvhd.Timescale, mvhd.NextTrackID = movieTimescale, uint32(len(b.Tracks)+1)
	moov.AddChild(mvhd)
	mvex := mp4.NewMvexBox()
	if b.Duration > 0 {
		mvex.AddChild(&mp4.MehdBox{FragmentDuration: int64(math.Round(float64(b.Duration) * movieTimescale))})
	}
	for i := range b.Tracks {
		moov.AddChild(b.Tracks[i].trak())
		mvex.AddChild(mp4.CreateTrex(b.Tracks[i].ID))
	}
	moov.AddChild(mvex)
	return encode(mp4.NewFtyp("iso6", 0, []string{"iso6", "cmfc"}), moov)
}

// Segment is a media segment with the samples whose decode time, on the presentation timeline, lies in [from, to):
// an styp and one or more movie fragments of equal length, numbered from first. It is nil when there are no samples.
func (b *Builder) Segment(first uint32, from, to media.Time, fragments int) []byte {
	var out []byte
	for i := range fragments {
		step := to.Sub(from) / media.Span(fragments)
		a, z := from.Add(step*media.Span(i)), from.Add(step*media.Span(i+1))
		if i == fragments-1 {
			z = to
		}
		if f := b.Fragment(first+uint32(i), a, z); f != nil {
			out = append(out, f...)
		}
	}
	if out == nil {
		return nil
	}
	return append(encode(mp4.NewStyp("msdh", 0, []string{"msdh", "iso6", "cmfc"})), out...)
}

// Segments cuts the whole movie into media segments of length d, each of the given number of fragments.
func (b *Builder) Segments(d media.Span, fragments int) (out [][]byte) {
	from, end := b.span()
	for i := 0; ; i++ {
		a := from.Add(d * media.Span(i))
		if a >= end {
			return out
		}
		if s := b.Segment(uint32(1+i*fragments), a, from.Add(d*media.Span(i+1)), fragments); s != nil {
			out = append(out, s)
		}
	}
}

// File is a whole on-demand file: initialization segment, segment index, media segments of length d.
func (b *Builder) File(d media.Span) []byte {
	segments := b.Segments(d, 1)
	t := &b.Tracks[0]
	sidx := mp4.CreateSidx(0)
	sidx.ReferenceID, sidx.Timescale = t.ID, t.Timescale
	from, _ := b.span()
	sidx.EarliestPresentationTime = uint64(max(0, math.Round(float64(from)*float64(t.Timescale))))
	for _, s := range segments {
		sidx.SidxRefs = append(sidx.SidxRefs, mp4.SidxRef{
			ReferencedSize: uint32(len(s)), SubSegmentDuration: uint32(math.Round(float64(d) * float64(t.Timescale))), StartsWithSAP: 1, SAPType: 1,
		})
	}
	out := append(b.Init(), encode(sidx)...)
	for _, s := range segments {
		out = append(out, s...)
	}
	return out
}

// span is from the first decode time to the end of the last frame in decode order.
func (b *Builder) span() (from, to media.Time) {
	from = media.Forever
	for i := range b.Tracks {
		t := &b.Tracks[i]
		if n := len(t.Samples); n > 0 {
			from = min(from, t.time(t.Samples[0].DTS))
			to = max(to, t.time(t.Samples[n-1].DTS+t.Samples[n-1].Dur))
		}
	}
	return min(from, to), to
}

// shift is what the edit list subtracts, in ticks.
func (t *BuilderTrack) shift() int64 {
	return t.Skip - int64(math.Round(float64(t.Delay)*float64(t.Timescale)/movieTimescale))
}

// time puts ticks onto the presentation timeline.
func (t *BuilderTrack) time(ticks int64) media.Time {
	return media.FromTicks(ticks-t.shift(), t.Timescale)
}

// Fragment is one moof with its mdat: the samples with decode times in [from, to) on the presentation timeline,
// track by track. It is nil when there are none.
func (b *Builder) Fragment(sequence uint32, from, to media.Time) []byte {
	moof := &mp4.MoofBox{}
	mustAdd(moof.AddChild(mp4.CreateMfhd(sequence)))
	type part struct {
		trun    *mp4.TrunBox
		saio    *mp4.SaioBox
		traf    *mp4.TrafBox
		samples []BuilderSample
	}
	var parts []part
	for i := range b.Tracks {
		t := &b.Tracks[i]
		rest := t.Samples
		for len(rest) > 0 && t.time(rest[0].DTS) < from {
			rest = rest[1:]
		}
		for len(rest) > 0 && t.time(rest[0].DTS) < to {
			n := 1 // a run of one sample description
			for n < len(rest) && t.time(rest[n].DTS) < to && rest[n].Entry == rest[0].Entry {
				n++
			}
			p := part{traf: &mp4.TrafBox{}, trun: mp4.CreateTrun(0), samples: rest[:n]}
			rest = rest[n:]
			tfhd := mp4.CreateTfhd(t.ID)
			tfhd.Flags |= mp4.TfhdSampleDescriptionIndexPresentFlag
			tfhd.SampleDescriptionIndex = uint32(p.samples[0].Entry + 1)
			mustAdd(p.traf.AddChild(tfhd))
			mustAdd(p.traf.AddChild(mp4.CreateTfdt(uint64(p.samples[0].DTS))))
			p.trun.DataOffset = 1 // set below; 0 is refused
			for _, s := range p.samples {
				flags := uint32(flagsNonSync)
				if s.Key {
					flags = flagsSync
				}
				p.trun.AddSample(mp4.NewSample(flags, uint32(s.Dur), uint32(len(s.Data)), int32(s.PTS-s.DTS)))
			}
			mustAdd(p.traf.AddChild(p.trun))
			if e := t.Entries[p.samples[0].Entry]; e.Scheme != "" {
				p.saio = addEncryption(p.traf, e, p.samples)
			}
			mustAdd(moof.AddChild(p.traf))
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	var mdat []byte
	const boxHeader = 8
	at := int(moof.Size()) + boxHeader
	trafAt := boxHeader + int(moof.Mfhd.Size())
	for _, p := range parts {
		p.trun.DataOffset = int32(at + len(mdat))
		for _, s := range p.samples {
			mdat = append(mdat, s.Data...)
		}
		if p.saio != nil {
			p.saio.SetOffset(int64(trafAt + sencEntriesAt(p.traf)))
		}
		trafAt += int(p.traf.Size())
	}
	return encode(moof, &mp4.MdatBox{Data: mdat})
}

// addEncryption writes the boxes that tell how each sample is encrypted.
func addEncryption(traf *mp4.TrafBox, e BuilderEntry, samples []BuilderSample) *mp4.SaioBox {
	saiz, senc := mp4.NewSaizBox(len(samples)), mp4.CreateSencBox()
	for _, s := range samples {
		var subs []mp4.SubSamplePattern
		for _, x := range s.Subsamples {
			subs = append(subs, mp4.SubSamplePattern{BytesOfClearData: uint16(x.Clear), BytesOfProtectedData: x.Protected})
		}
		mustAdd(saiz.AddSampleInfo(s.IV, subs))
		mustAdd(senc.AddSample(mp4.SencSample{IV: s.IV, SubSamples: subs}))
	}
	if saiz.SampleCount == 0 {
		return nil // a constant initialization vector for whole samples needs no facts
	}
	saio := mp4.NewSaioBox()
	for _, b := range []mp4.Box{saiz, saio, senc} {
		mustAdd(traf.AddChild(b))
	}
	return saio
}

// sencEntriesAt is where in a traf the entries of its senc begin.
func sencEntriesAt(traf *mp4.TrafBox) int {
	const boxHeader, sencHeader = 8, 16
	at := boxHeader
	for _, c := range traf.Children {
		if c.Type() == "senc" {
			return at + sencHeader
		}
		at += int(c.Size())
	}
	return at
}

// trak is the track's part of the initialization segment.
func (t *BuilderTrack) trak() *mp4.TrakBox {
	kind := t.Entries[0].Kind
	trak := mp4.NewTrakBox()
	tkhd := mp4.CreateTkhd()
	tkhd.TrackID = t.ID
	c := t.Entries[0].DecoderConfig
	switch kind {
	case media.Video:
		w, h := c.Width, c.Height
		if c.SARNum > 0 && c.SARDen > 0 {
			w = w * c.SARNum / c.SARDen
		}
		tkhd.Width, tkhd.Height = mp4.Fixed32(w<<16), mp4.Fixed32(h<<16)
		if m, ok := rotations[c.Rotation]; ok {
			tkhd.Matrix = m
		}
	case media.Audio:
		tkhd.Volume = 0x100
	case media.Text:
	}
	trak.AddChild(tkhd)
	if t.Delay > 0 || t.Skip != 0 {
		elst := &mp4.ElstBox{}
		if t.Delay > 0 {
			elst.Entries = append(elst.Entries, mp4.ElstEntry{SegmentDuration: uint64(t.Delay), MediaTime: -1, MediaRateInteger: 1})
		}
		elst.Entries = append(elst.Entries, mp4.ElstEntry{MediaTime: t.Skip, MediaRateInteger: 1})
		edts := &mp4.EdtsBox{}
		edts.AddChild(elst)
		trak.AddChild(edts)
	}
	mdia, minf, stbl, stsd := mp4.NewMdiaBox(), mp4.NewMinfBox(), mp4.NewStblBox(), mp4.NewStsdBox()
	mdhd := &mp4.MdhdBox{Timescale: t.Timescale}
	mdhd.SetLanguage("und")
	if t.Language != "" {
		mdhd.SetLanguage(t.Language)
	}
	mdia.AddChild(mdhd)
	handler := map[media.Kind]string{media.Video: "vide", media.Audio: "soun", media.Text: "text"}[kind]
	if c.Codec == media.TTML {
		handler = "subt"
	}
	mdia.AddChild(&mp4.HdlrBox{HandlerType: handler, Name: t.Label})
	switch kind {
	case media.Video:
		minf.AddChild(mp4.CreateVmhd())
	case media.Audio:
		minf.AddChild(mp4.CreateSmhd())
	case media.Text:
		minf.AddChild(&mp4.NmhdBox{})
	}
	dinf, dref := &mp4.DinfBox{}, mp4.CreateDref()
	dinf.AddChild(dref)
	minf.AddChild(dinf)
	for _, e := range t.Entries {
		stsd.Children, stsd.SampleCount = append(stsd.Children, e.sampleEntry()), stsd.SampleCount+1
	}
	for _, x := range []mp4.Box{stsd, &mp4.SttsBox{}, &mp4.StscBox{}, &mp4.StszBox{}, &mp4.StcoBox{}} {
		stbl.AddChild(x)
	}
	minf.AddChild(stbl)
	mdia.AddChild(minf)
	trak.AddChild(mdia)
	return trak
}

// rotations are the track matrices of clockwise quarter turns.
var rotations = map[int][9]int32{
	90:  {0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30},
	180: {-1 << 16, 0, 0, 0, -1 << 16, 0, 0, 0, 1 << 30},
	270: {0, -1 << 16, 0, 1 << 16, 0, 0, 0, 0, 1 << 30},
}

// records are the usual sample entry type of each codec and the box that holds its configuration.
var records = map[media.CodecID]struct{ entry, box string }{
	media.H264: {"avc1", "avcC"}, media.HEVC: {"hvc1", "hvcC"}, media.VP8: {"vp08", "vpcC"}, media.VP9: {"vp09", "vpcC"},
	media.AV1: {"av01", "av1C"}, media.AAC: {"mp4a", "esds"}, media.MP3: {"mp4a", "esds"}, media.Opus: {"Opus", "dOps"},
	media.FLAC: {"fLaC", "dfLa"}, media.ALAC: {"alac", "alac"}, media.AC3: {"ac-3", "dac3"}, media.EAC3: {"ec-3", "dec3"},
	media.WebVTT: {"wvtt", "vttC"}, media.TTML: {"stpp", ""},
}

// sampleEntry is the sample description box of an entry.
func (e BuilderEntry) sampleEntry() mp4.Box {
	r, ok := records[e.Codec]
	if !ok {
		r.entry = e.Format
	}
	if e.Format != "" {
		r.entry = e.Format
	}
	var kids []mp4.Box
	if record := e.record(); record != nil && r.box != "" {
		kids = append(kids, raw(r.box, record))
	}
	if e.Kind == media.Video && e.SARNum > 0 {
		kids = append(kids, &mp4.PaspBox{HSpacing: uint32(e.SARNum), VSpacing: uint32(e.SARDen)})
	}
	if e.Color.Known {
		matrix := uint16(e.Color.Matrix)
		if matrix == media.MatrixGBR {
			matrix = 0
		}
		kids = append(kids, &mp4.ColrBox{ColorType: mp4.ColorTypeOnScreenColors, ColorPrimaries: uint16(e.Color.Primaries),
			TransferCharacteristics: uint16(e.Color.Transfer), MatrixCoefficients: matrix, FullRangeFlag: e.Color.FullRange})
	}
	name := r.entry
	if e.Scheme != "" {
		name = map[media.Kind]string{media.Video: "encv", media.Audio: "enca", media.Text: "enct"}[e.Kind]
		kids = append(kids, e.sinf(r.entry))
	}
	var head []byte
	switch e.Kind {
	case media.Video:
		v := mp4.CreateVisualSampleEntryBox(name, uint16(e.Width), uint16(e.Height), nil)
		v.Children = kids // AddChild wants the boxes of known names to be of its own types
		return v
	case media.Audio:
		a := mp4.CreateAudioSampleEntryBox(name, uint16(e.Channels), 16, uint16(min(e.SampleRate, math.MaxUint16)), nil)
		a.Children = kids
		return a
	case media.Text:
		head = []byte{0, 0, 0, 0, 0, 0, 0, 1}
		if e.Codec == media.TTML {
			head = append(head, "http://www.w3.org/ns/ttml\x00\x00\x00"...)
		}
	default:
		panic(fmt.Sprintf("msetest: a sample entry of kind %v", e.Kind))
	}
	return raw(name, append(head, encode(kids...)...))
}

// record is the payload of the configuration box that gives the entry's Extradata.
func (e BuilderEntry) record() []byte {
	x := e.Extradata
	switch e.Codec {
	case media.AAC, media.MP3:
		objectType := map[media.CodecID]byte{media.AAC: 0x40, media.MP3: 0x6b}[e.Codec]
		config := append([]byte{objectType, 0x15}, make([]byte, 11)...)
		if len(x) > 0 {
			config = append(config, descriptor(5, x)...)
		}
		es := append([]byte{0, 0, 0}, descriptor(4, config)...)
		return append([]byte{0, 0, 0, 0}, descriptor(3, append(es, descriptor(6, []byte{2})...))...)
	case media.Opus:
		dOps := bytes.Clone(x[len("OpusHead"):]) // version, channels, then little-endian numbers
		dOps[0] = 0
		dOps[2], dOps[3] = dOps[3], dOps[2]
		dOps[4], dOps[5], dOps[6], dOps[7] = dOps[7], dOps[6], dOps[5], dOps[4]
		dOps[8], dOps[9] = dOps[9], dOps[8]
		return dOps
	case media.FLAC:
		return append([]byte{0, 0, 0, 0, 0x80, 0, 0, byte(len(x))}, x...)
	case media.ALAC:
		return x[8:] // the extradata is a whole box
	default:
		return x
	}
}

// descriptor is an MPEG-4 descriptor with a length of one byte.
func descriptor(tag byte, body []byte) []byte {
	return append([]byte{tag, byte(len(body))}, body...)
}

// sinf is the protection box of an entry.
func (e BuilderEntry) sinf(format string) *mp4.SinfBox {
	tenc := &mp4.TencBox{Version: 1, DefaultCryptByteBlock: e.CryptBlocks, DefaultSkipByteBlock: e.SkipBlocks, DefaultIsProtected: 1,
		DefaultPerSampleIVSize: byte(e.IVBytes), DefaultKID: e.KID[:], DefaultConstantIV: e.ConstantIV}
	schi, sinf := &mp4.SchiBox{}, &mp4.SinfBox{}
	schi.AddChild(tenc)
	for _, b := range []mp4.Box{&mp4.FrmaBox{DataFormat: format}, &mp4.SchmBox{SchemeType: e.Scheme, SchemeVersion: 1 << 16}, schi} {
		sinf.AddChild(b)
	}
	return sinf
}

// raw is a box with any payload.
func raw(name string, payload []byte) mp4.Box {
	const boxHeader = 8
	return mp4.CreateUnknownBox(name, uint64(boxHeader+len(payload)), payload)
}

// encode writes boxes one after the other. Only a table that no movie can hold makes it panic.
func encode(boxes ...mp4.Box) []byte {
	var b bytes.Buffer
	for _, x := range boxes {
		if err := x.Encode(&b); err != nil {
			panic("msetest: " + strings.TrimSpace(err.Error()))
		}
	}
	return b.Bytes()
}

func mustAdd(err error) {
	if err != nil {
		panic("msetest: " + err.Error())
	}
}
