package playertest

import (
	"fmt"
	"slices"
	"strings"
	"testing/fstest"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// SegmentLength is how long the segments of a Package are.
const SegmentLength media.Span = 2

// Package is a DASH presentation in memory that fake decoders can play: video of 25 pictures a second with random
// access points each second, and sound.
type Package struct {
	// Periods are the lengths of the periods in seconds. Segments are named p0-v1-3.m4s: period, representation, number
	// from 1; initialization segments p0-v1-init.mp4.
	Periods []float64
	// Rungs is how many video representations there are, named v1, v2, …, in rising bandwidth; sound is called a.
	Rungs int
	// Ladder gives the video representations, in place of Rungs, bandwidths that they really have, in bits per second.
	Ladder []int
	// Sizes are what the manifest says about the rungs of Ladder, such as 640x360; nil for nothing.
	Sizes []string
	// Silent lists the periods that have no sound.
	Silent map[int]bool
	// Sounds are more sets of sound beside the English one. Every other period lists all of them in reverse order.
	Sounds []Sound
	// Protect may encrypt the track of a representation; Protection is what the manifest says about that, XML.
	Protect    func(id string, t *msetest.BuilderTrack)
	Protection string
}

// Sound is a set of sound with one representation.
type Sound struct {
	// ID is that of the representation.
	ID, Lang, Role string
	// Config is nil for AAC, 48 kHz stereo.
	Config *media.DecoderConfig
	// Codecs is what the manifest says, "" for AAC.
	Codecs string
}

// Files returns the files of the presentation, manifest.mpd among them.
func (p Package) Files() fstest.MapFS {
	files := fstest.MapFS{}
	var mpd strings.Builder
	mpd.WriteString(`<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="urn:mpeg:dash:profile:isoff-live:2011" minBufferTime="PT1S">` + "\n")
	for i, length := range p.Periods {
		fmt.Fprintf(&mpd, `<Period id="%d" duration="PT%gS">`+"\n", i, length)
		spec := msetest.MovieSpec{Width: 64, Height: 48, Length: media.Span(length), FrameRateNum: 25, FrameRateDen: 1, GOP: 25,
			BitsPerSecond: 100_000, Audio: !p.Silent[i], Seed: uint64(i + 1)}
		movie := msetest.Movie(spec)
		mpd.WriteString(`<AdaptationSet contentType="video" mimeType="video/mp4" codecs="avc1.64001f">` + p.Protection + "\n")
		for r, bits := range p.Ladder {
			spec.BitsPerSecond = bits
			size := ""
			if p.Sizes != nil {
				w, h, _ := strings.Cut(p.Sizes[r], "x")
				size = fmt.Sprintf(` width="%s" height="%s"`, w, h)
			}
			p.write(files, &mpd, i, fmt.Sprintf("v%d", r+1), bits, size, msetest.Movie(spec).Tracks[0])
		}
		for r := 1; r <= max(p.Rungs, 1) && p.Ladder == nil; r++ {
			p.write(files, &mpd, i, fmt.Sprintf("v%d", r), r*100_000, "", movie.Tracks[0])
		}
		mpd.WriteString("</AdaptationSet>\n")
		if !p.Silent[i] {
			sounds := append([]Sound{{ID: "a", Lang: "en"}}, p.Sounds...)
			if i%2 == 1 {
				slices.Reverse(sounds)
			}
			for _, s := range sounds {
				p.sound(files, &mpd, i, s, movie.Tracks[1])
			}
		}
		mpd.WriteString("</Period>\n")
	}
	mpd.WriteString("</MPD>\n")
	files["manifest.mpd"] = &fstest.MapFile{Data: []byte(mpd.String())}
	return files
}

// sound adds one set of sound.
func (p Package) sound(files fstest.MapFS, mpd *strings.Builder, period int, s Sound, t msetest.BuilderTrack) {
	if s.Config != nil {
		t.Entries = []msetest.BuilderEntry{{DecoderConfig: s.Config}}
	}
	if s.Codecs == "" {
		s.Codecs = "mp4a.40.2"
	}
	fmt.Fprintf(mpd, `<AdaptationSet contentType="audio" mimeType="audio/mp4" codecs="%s" lang="%s">%s`+"\n", s.Codecs, s.Lang, p.Protection)
	if s.Role != "" {
		fmt.Fprintf(mpd, `<Role schemeIdUri="urn:mpeg:dash:role:2011" value="%s"/>`+"\n", s.Role)
	}
	p.write(files, mpd, period, s.ID, 64_000, "", t)
	mpd.WriteString("</AdaptationSet>\n")
}

// write adds one representation to the manifest and its segments to the files.
func (p Package) write(files fstest.MapFS, mpd *strings.Builder, period int, id string, bandwidth int, attributes string, track msetest.BuilderTrack) {
	name := fmt.Sprintf("p%d-%s", period, id)
	fmt.Fprintf(mpd, `<Representation id="%s" bandwidth="%d"%s><SegmentTemplate timescale="1" duration="%g" startNumber="1" initialization="%s-init.mp4" media="%s-$Number$.m4s"/></Representation>`+"\n",
		id, bandwidth, attributes, float64(SegmentLength), name, name)
	if p.Protect != nil {
		p.Protect(id, &track)
	}
	b := &msetest.Builder{Tracks: []msetest.BuilderTrack{track}}
	files[name+"-init.mp4"] = &fstest.MapFile{Data: b.Init()}
	for i, s := range b.Segments(SegmentLength, 1) {
		files[fmt.Sprintf("%s-%d.m4s", name, i+1)] = &fstest.MapFile{Data: s}
	}
}
