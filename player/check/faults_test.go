package check_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"mseplayer/mse/msetest"
	"mseplayer/player/check"
)

// faultSeeds are how many presentations are made of each fault.
const faultSeeds = 3

// anywhere is the index of a segment, and nowhere the time, that does not matter.
const anywhere = -9

var nowhere = math.NaN()

// verdictOn is what must be found of a fault: one of the codes, about the track, at the segment and the time.
type verdictOn struct {
	codes string // of which one must be there; "" for a presentation that is as it should be
	track string
	index int
	time  float64
	// follows are other codes that the same fault may be told by, as its consequences.
	follows string
}

// maker makes a fault from random numbers.
type maker struct {
	*rand.Rand
	testing.TB
	files fstest.MapFS
	opt   func(*check.Options)
}

// medium picks one of the two tracks.
func (m *maker) medium() (name, track string) {
	if m.IntN(2) == 0 {
		return "v", "p0/v/180p"
	}
	return "a", "p0/a/aac"
}

// inner picks a segment that is neither the first nor the last.
func (m *maker) inner() int { return 2 + m.IntN(3) }

func (m *maker) edit(name, old, with string) { m.Helper(); edit(m.TB, m.files, name, old, with) }

// cut keeps a part of a segment.
func (m *maker) cut(name string, keep float64) {
	b := m.files[name].Data
	m.files[name].Data = b[:int(keep*float64(len(b)))]
}

// box is a box with a payload.
func box(kind string, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(payload)))
	return append(append(b, kind...), payload...)
}

// at is what the manifest says of the start of segment i, counted from 1.
func at(i int) float64 { return float64(2 * (i - 1)) }

// lists are those of HLS in the place of the manifest.
func (m *maker) lists(name string, before map[int]string) {
	for n, f := range playlists() {
		if _, ok := m.files[n]; !ok || n == "m.mpd" {
			m.files[n] = f
		}
	}
	for _, n := range []string{"v", "a"} {
		if name == n || name == "" {
			m.files[n+".m3u8"].Data = []byte(playlist(n, before))
		}
	}
}

// wholeSegment is what a segment that is lost says, by its number.
func wholeSegment(code, track string, i int) verdictOn {
	return verdictOn{code, track, i - 1, at(i), "timing.gap"}
}

// faults break one thing each; the odd ones at the end break none.
var faults = []struct {
	name string
	make func(*maker) verdictOn
}{
	{"missing segment", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		delete(m.files, fmt.Sprint(name, i))
		return wholeSegment("segment.missing", track, i)
	}},
	{"missing first segment", func(m *maker) verdictOn {
		name, track := m.medium()
		delete(m.files, name+"1")
		return verdictOn{"segment.missing", track, 0, 0, "timing.start-offset timing.gap"}
	}},
	{"missing initialization", func(m *maker) verdictOn {
		name, track := m.medium()
		delete(m.files, name+"init")
		return verdictOn{"segment.init-missing", track, -1, 0, ""}
	}},
	{"empty segment", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		m.cut(fmt.Sprint(name, i), 0)
		return wholeSegment("segment.empty segment.truncated", track, i)
	}},
	{"empty initialization", func(m *maker) verdictOn {
		name, track := m.medium()
		m.cut(name+"init", 0)
		return verdictOn{"segment.empty", track, -1, 0, ""}
	}},
	{"truncated initialization", func(m *maker) verdictOn {
		name, track := m.medium()
		m.cut(name+"init", 0.2+0.6*m.Float64())
		return verdictOn{"segment.truncated segment.malformed", track, -1, 0, ""}
	}},
	{"truncated in the media", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		m.cut(fmt.Sprint(name, i), 0.3+0.6*m.Float64())
		return wholeSegment("segment.truncated", track, i)
	}},
	{"truncated in the moof", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		f := m.files[fmt.Sprint(name, i)]
		f.Data = f.Data[:bytes.Index(f.Data, []byte("moof"))+8+m.IntN(100)]
		return wholeSegment("segment.truncated segment.malformed", track, i)
	}},
	{"page instead of a segment", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		m.files[fmt.Sprint(name, i)].Data = []byte("<!DOCTYPE html><html><body>404</body></html>")
		return wholeSegment("segment.not-media", track, i)
	}},
	{"noise instead of a segment", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		b := make([]byte, 2000)
		for k := range b {
			b[k] = byte('a' + m.IntN(26))
		}
		m.files[fmt.Sprint(name, i)].Data = b
		return wholeSegment("segment.not-media segment.malformed segment.truncated", track, i)
	}},
	{"wrong box size", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		f := m.files[fmt.Sprint(name, i)]
		f.Data = bytes.Clone(f.Data)
		f.Data[bytes.Index(f.Data, []byte("moof"))-4+m.IntN(2)] = byte(0x10 + m.IntN(0x60))
		return wholeSegment("segment.malformed segment.truncated", track, i)
	}},
	{"segment without media", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		f := m.files[fmt.Sprint(name, i)]
		f.Data = f.Data[:f.Data[3]]
		return wholeSegment("segment.empty", track, i)
	}},
	{"media data without its description", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		f := m.files[fmt.Sprint(name, i)]
		f.Data = f.Data[bytes.Index(f.Data, []byte("mdat"))-4:]
		return wholeSegment("segment.empty segment.malformed", track, i)
	}},
	{"another coding format in the manifest", func(m *maker) verdictOn {
		other := []string{"hvc1.1.6.L93.B0", "vp09.00.10.08", "av01.0.04M.08"}
		m.edit("m.mpd", "avc1.640028", other[m.IntN(len(other))])
		return verdictOn{"manifest.codecs-mismatch", "p0/v/180p", anywhere, nowhere, ""}
	}},
	{"another profile in the manifest", func(m *maker) verdictOn {
		other := []string{"avc1.42001e", "avc1.4d0028", "avc1.64000a"}
		m.edit("m.mpd", "avc1.640028", other[m.IntN(len(other))])
		return verdictOn{"manifest.codecs-mismatch", "p0/v/180p", anywhere, nowhere, ""}
	}},
	{"a coding format that nobody knows", func(m *maker) verdictOn {
		m.edit("m.mpd", "avc1.640028", fmt.Sprintf("x%03d.1", m.IntN(1000)))
		return verdictOn{"manifest.codecs-unsupported manifest.codecs-mismatch", "p0/v/180p", anywhere, nowhere, "manifest.codecs-mismatch"}
	}},
	{"another size in the manifest", func(m *maker) verdictOn {
		m.edit("m.mpd", `width="320" height="180"`, fmt.Sprintf(`width="%d" height="%d"`, 640+2*m.IntN(100), 360+2*m.IntN(100)))
		return verdictOn{"manifest.resolution-mismatch", "p0/v/180p", anywhere, nowhere, ""}
	}},
	{"declared longer than there is media", func(m *maker) verdictOn {
		m.edit("m.mpd", "PT10S", fmt.Sprintf("PT%dS", 12+2*m.IntN(3)))
		return verdictOn{"manifest.duration-mismatch segment.missing", "", anywhere, nowhere, "segment.missing"}
	}},
	{"segments that last no time", func(m *maker) verdictOn {
		name, track := m.medium()
		m.edit("m.mpd", fmt.Sprintf(`duration="2" media="%s`, name), fmt.Sprintf(`duration="0" media="%s`, name))
		return verdictOn{"manifest.zero-duration", track, anywhere, nowhere, ""}
	}},
	{"an unknown essential property", func(m *maker) verdictOn {
		m.edit("m.mpd", `<SegmentTemplate duration="2" media="v`, fmt.Sprintf(`<EssentialProperty schemeIdUri="urn:x:%d"/><SegmentTemplate duration="2" media="v`, m.IntN(99)))
		return verdictOn{"manifest.unknown-essential", "", anywhere, nowhere, ""}
	}},
	{"a gap in the times", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		retime(m.TB, m.files, name, i, 5, 0.3+m.Float64())
		return verdictOn{"timing.gap", track, anywhere, at(i), "segment.timeline-mismatch timing.av-offset timing.end-mismatch"}
	}},
	{"a late start", func(m *maker) verdictOn {
		name, track := m.medium()
		retime(m.TB, m.files, name, 1, 5, 0.3+m.Float64())
		return verdictOn{"timing.start-offset timing.av-offset", track, anywhere, nowhere, "segment.timeline-mismatch timing.av-offset timing.end-mismatch"}
	}},
	{"segments without random access points", func(m *maker) verdictOn {
		b := msetest.Movie(msetest.MovieSpec{Width: 320, Height: 180, Length: 10, FrameRateNum: 25, FrameRateDen: 1, GOP: 110 + m.IntN(30), BitsPerSecond: 200_000})
		for i, s := range b.Segments(2, 1) {
			m.files[fmt.Sprint("v", i+1)].Data = s
		}
		return verdictOn{"segment.no-random-access", "p0/v/180p", 1, 2, ""}
	}},
	{"a gap in the list of segments", func(m *maker) verdictOn {
		i := 1 + m.IntN(3) // of the first so many
		m.edit("m.mpd", `<SegmentTemplate duration="2" media="v$Number$" initialization="vinit"/>`, fmt.Sprintf(
			`<SegmentTemplate media="v$Number$" initialization="vinit" timescale="1"><SegmentTimeline><S t="0" d="2" r="%d"/><S t="%d" d="2" r="%d"/></SegmentTimeline></SegmentTemplate>`, i-1, 2*i+2, 3-i))
		for n := i + 1; n <= 4; n++ {
			m.files[fmt.Sprint("v", n)].Data = good()[fmt.Sprint("v", n+1)].Data
		}
		return verdictOn{"timing.gap manifest.timeline-gap", "p0/v/180p", anywhere, float64(2 * i), ""}
	}},
	{"a copy of the segment before", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		m.files[fmt.Sprint(name, i)].Data = good()[fmt.Sprint(name, i-1)].Data
		return wholeSegment("segment.duplicate", track, i)
	}},
	{"two segments exchanged", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		m.files[fmt.Sprint(name, i)].Data, m.files[fmt.Sprint(name, i+1)].Data = good()[fmt.Sprint(name, i+1)].Data, good()[fmt.Sprint(name, i)].Data
		return verdictOn{"segment.out-of-order segment.timeline-mismatch", track, i - 1, at(i), ""}
	}},
	{"segments that overlap", func(m *maker) verdictOn {
		name, track := m.medium()
		i := m.inner()
		retime(m.TB, m.files, name, i, 5, -0.3-0.5*m.Float64())
		return verdictOn{"timing.overlap segment.timeline-mismatch", track, i - 1, nowhere, "timing.gap timing.av-offset timing.end-mismatch manifest.duration-mismatch"}
	}},
	{"times that begin again", func(m *maker) verdictOn {
		i := 3 + m.IntN(2)
		retime(m.TB, m.files, "v", i, 5, -at(i))
		return verdictOn{"timing.reset segment.timeline-mismatch", "p0/v/180p", i - 1, nowhere, "timing.gap timing.av-offset timing.end-mismatch manifest.duration-mismatch"}
	}},
	{"one segment at another time", func(m *maker) verdictOn {
		i := m.inner()
		retime(m.TB, m.files, "v", i, i, 0.3+0.5*m.Float64())
		return verdictOn{"segment.timeline-mismatch timing.gap timing.overlap", "p0/v/180p", i - 1, nowhere, ""}
	}},
	{"a time scale that is wrong", func(m *maker) verdictOn {
		m.edit("m.mpd", `<SegmentTemplate duration="2" media="v`, fmt.Sprintf(`<SegmentTemplate timescale="%d" duration="6000" media="v`, []int{1000, 1500}[m.IntN(2)]))
		return verdictOn{"manifest.timescale-mismatch segment.duration-deviates segment.timeline-mismatch timing.drift", "p0/v/180p", anywhere, nowhere, "timing.gap timing.end-mismatch manifest.duration-mismatch"}
	}},
	{"a playlist whose target duration is too short", func(m *maker) verdictOn {
		i := m.inner()
		m.lists("", nil)
		m.edit("v.m3u8", fmt.Sprintf("EXTINF:2,\nv%d", i), fmt.Sprintf("EXTINF:%.1f,\nv%d", 2.6+m.Float64(), i))
		return verdictOn{"hls.target-duration", "p0/0/v.m3u8", i - 1, at(i), "manifest.duration-mismatch segment.duration-deviates"}
	}},
	{"a playlist of too low a version", func(m *maker) verdictOn {
		m.lists("", nil)
		m.edit("a.m3u8", "VERSION:7", fmt.Sprintf("VERSION:%d", 3+m.IntN(3)))
		return verdictOn{"hls.version", "p0/1/a.m3u8", anywhere, nowhere, ""}
	}},
	{"dates that drift", func(m *maker) verdictOn {
		i := m.inner()
		m.lists("v", map[int]string{1: "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z\n", i: fmt.Sprintf("#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:%02dZ\n", 2*(i-1)+1+m.IntN(20))})
		return verdictOn{"hls.date-drift", "p0/0/v.m3u8", i - 1, at(i), ""}
	}},
	{"a discontinuity in one playlist", func(m *maker) verdictOn {
		m.lists("v", map[int]string{m.inner(): "#EXT-X-DISCONTINUITY\n"})
		return verdictOn{"hls.discontinuity-sequence", "p0/1/a.m3u8", anywhere, nowhere, ""}
	}},
	{"too low a bandwidth", func(m *maker) verdictOn {
		m.lists("", nil)
		m.edit("m.mpd", "BANDWIDTH=355000", fmt.Sprintf("BANDWIDTH=%d", 100000+m.IntN(200000)))
		return verdictOn{"hls.bandwidth", "p0/0/v.m3u8", anywhere, nowhere, ""}
	}},
	{"too low a mean bandwidth", func(m *maker) verdictOn {
		m.lists("", nil)
		m.edit("m.mpd", "BANDWIDTH=355000", fmt.Sprintf("BANDWIDTH=355000,AVERAGE-BANDWIDTH=%d", 100000+m.IntN(200000)))
		return verdictOn{"hls.average-bandwidth", "p0/0/v.m3u8", anywhere, nowhere, ""}
	}},
	{"segments that are said to be independent", func(m *maker) verdictOn {
		m.lists("", nil)
		m.edit("v.m3u8", "#EXTM3U\n", "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n")
		b := msetest.Movie(msetest.MovieSpec{Width: 320, Height: 180, Length: 10, FrameRateNum: 25, FrameRateDen: 1, GOP: 30 + m.IntN(15), BitsPerSecond: 200_000})
		for i, s := range b.Segments(2, 1) {
			m.files[fmt.Sprint("v", i+1)].Data = s
		}
		return verdictOn{"hls.independent-segments", "p0/0/v.m3u8", anywhere, 2, ""}
	}},
	{"an I-frame playlist that ends early", func(m *maker) verdictOn {
		m.lists("", nil)
		n := 1 + m.IntN(3)
		winding(m.TB, m.files, n)
		return verdictOn{"hls.iframes-missing", "p0/2/i.m3u8", anywhere, float64(2 * n), ""}
	}},
	{"a vector that comes back", func(m *maker) verdictOn {
		i := 3 + m.IntN(2)
		m.lists("v", map[int]string{1: key("k1", 7), 2: key("k2", 7), i: key("k1", 7)})
		m.opt = func(o *check.Options) { o.Decoders = nil }
		return verdictOn{"hls.key-rotation", "p0/0/v.m3u8", i - 1, at(i), "drm.key-missing"}
	}},
	{"a key that is not there", func(m *maker) verdictOn {
		m.lists("v", map[int]string{1: fmt.Sprintf("#EXT-X-KEY:METHOD=AES-128,URI=\"key%d\"\n", m.IntN(99))})
		return verdictOn{"drm.key-missing", "p0/0/v.m3u8", 0, 0, ""}
	}},
	{"a segment of a playlist that is not there", func(m *maker) verdictOn {
		i := m.inner()
		m.lists("", nil)
		delete(m.files, fmt.Sprint("v", i))
		return wholeSegment("segment.missing", "p0/0/v.m3u8", i)
	}},
	{"a gap that Firefox stops at", func(m *maker) verdictOn {
		i := m.inner()
		retime(m.TB, m.files, "v", i, 5, 0.15+0.5*m.Float64())
		m.opt = func(o *check.Options) { o.Profile = "firefox" }
		return verdictOn{"player.gap-tolerance", "p0/v/180p", anywhere, at(i), "timing.gap segment.timeline-mismatch timing.av-offset timing.end-mismatch"}
	}},
	{"a start that Safari waits at", func(m *maker) verdictOn {
		retime(m.TB, m.files, "v", 1, 5, 0.1+0.1*m.Float64())
		m.opt = func(o *check.Options) { o.Profile = "safari" }
		return verdictOn{"player.start-gap", "p0/v/180p", anywhere, 0, "timing.av-offset"}
	}},

	{"good", func(*maker) verdictOn { return verdictOn{} }},
	{"a mark, other line ends and comments in the manifest", func(m *maker) verdictOn {
		s := "\ufeff" + strings.ReplaceAll(string(m.files["m.mpd"].Data), "><", fmt.Sprintf(">\r\n<!-- %d -->\r\n<", m.IntN(99)))
		m.files["m.mpd"].Data = []byte(s)
		return verdictOn{}
	}},
	{"boxes that nobody knows", func(m *maker) verdictOn {
		name, _ := m.medium()
		f := m.files[fmt.Sprint(name, m.inner())]
		f.Data = append(box([]string{"free", "skip", "abcd"}[m.IntN(3)], make([]byte, m.IntN(5000))), f.Data...)
		return verdictOn{}
	}},
	{"a box behind the media", func(m *maker) verdictOn {
		name, _ := m.medium()
		f := m.files[fmt.Sprint(name, m.inner())]
		f.Data = append(bytes.Clone(f.Data), box("free", make([]byte, m.IntN(500)))...)
		return verdictOn{}
	}},
	{"no styp", func(m *maker) verdictOn {
		name, _ := m.medium()
		f := m.files[fmt.Sprint(name, m.inner())]
		f.Data = f.Data[bytes.Index(f.Data, []byte("moof"))-4:]
		return verdictOn{}
	}},
	{"times off by less than a frame", func(m *maker) verdictOn {
		retime(m.TB, m.files, "v", m.inner(), 5, 0.001+0.02*m.Float64())
		return verdictOn{}
	}},
	{"other names of segments", func(m *maker) verdictOn {
		m.edit("m.mpd", "v$Number$", "dir%20x/v$Number%05d$.m4s")
		for i := 1; i <= 5; i++ {
			m.files[fmt.Sprintf("dir x/v%05d.m4s", i)] = m.files[fmt.Sprint("v", i)]
		}
		return verdictOn{}
	}},
	{"size off by rounding", func(m *maker) verdictOn {
		m.edit("m.mpd", `width="320" height="180"`, fmt.Sprintf(`width="%d" height="%d"`, 319+m.IntN(3), 179+m.IntN(3)))
		return verdictOn{}
	}},
	{"a playlist with comments and tags of others", func(m *maker) verdictOn {
		m.lists("", map[int]string{m.inner(): "# a comment\n\n#EXT-X-VENDOR-THING:A=1\n"})
		m.edit("v.m3u8", "EXTINF:2,", "EXTINF:2.00000,a title, with commas")
		return verdictOn{}
	}},
	{"a playlist with other line ends", func(m *maker) verdictOn {
		m.lists("", nil)
		m.edit("v.m3u8", "\n", "\r\n")
		return verdictOn{}
	}},
	{"dates as they should be", func(m *maker) verdictOn {
		i := m.inner()
		m.lists("", map[int]string{1: "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T01:00:00.000+01:00\n", i: fmt.Sprintf("#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:%02d.%03dZ\n", 2*(i-1), m.IntN(200))})
		return verdictOn{}
	}},
}

// TestFaults makes presentations with one fault each, by seed, and looks for it: it must be found with a code and a place that
// are right, and nothing else may be called an error or a warning.
func TestFaults(t *testing.T) {
	for n, c := range slices.Concat(faults, moreFaults) {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(faultSeeds) {
				m := &maker{Rand: rand.New(rand.NewPCG(seed, uint64(n))), TB: t, files: tenSeconds(), opt: func(*check.Options) {}}
				v := c.make(m)
				r := run(t, m.files, m.opt)
				right := false
				for _, f := range r.Findings {
					codes := strings.Fields(v.codes)
					of := v.track == "" || v.track == string(f.Track)
					index := v.index == anywhere || f.Segment != nil && f.Segment.Index == v.index
					const frame = 0.04 + 1e-6
					when := math.IsNaN(v.time) || f.Time.Known() && math.Abs(float64(f.Time)-v.time) <= frame
					switch {
					case slices.Contains(codes, f.Code) && of && index && when:
						right = true
					case f.Severity == "info", slices.Contains(codes, f.Code), slices.Contains(strings.Fields(v.follows), f.Code):
					default:
						t.Errorf("seed %d: unrelated %s %s %s", seed, f.Severity, f.Code, f.Message)
					}
				}
				if v.codes != "" && !right {
					t.Errorf("seed %d: no %s %s #%d @%v among\n%s", seed, v.codes, v.track, v.index, v.time, found(r))
				}
			}
		})
	}
}
