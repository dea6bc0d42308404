package check

import (
	"cmp"
	"encoding/csv"
	"io"
	"slices"
	"strconv"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// maxFrameRows bounds the coded frames of one representation or file that are listed.
const maxFrameRows = 1 << 20

// Frame is one coded frame.
type Frame struct {
	Track string
	// Segment is the index of the media segment, -1 for files without any.
	Segment int
	// Type is the letter of the coding type of a picture, "" when it is not known.
	Type string
	// PTS and DTS are on the presentation timeline, in seconds.
	PTS, DTS Seconds
	Size     int
	Key      bool
	// Decoded is set when its picture came out of the decoder, Corrupt when it was flagged as damaged. Sound comes in blocks
	// of which nobody can say that.
	Decoded, Corrupt bool
}

// frameRow is a coded frame as it was appended.
type frameRow struct {
	stream   *stream
	part     *part
	at       media.Time // in the buffer
	pts, dts media.Time // in the container
	segment  int
	size     int
	key      bool
}

// toldPicture is what the decoder said about a picture.
type toldPicture struct {
	at      media.Time // in the buffer
	kind    byte
	corrupt bool
}

// frameList remembers the frames of one representation or file. The zero value is ready.
type frameList struct {
	rows []frameRow
}

// note implements the tap of a meter.
func (l *frameList) note(s *stream, f *media.CodedFrame, own media.Time, segment int) {
	if len(l.rows) == maxFrameRows {
		return
	}
	l.rows = append(l.rows, frameRow{s, s.part(), f.PTS, own, own.Add(f.DTS.Sub(f.PTS)), segment, len(f.Data), f.RAP})
}

// tell remembers a picture for the list of frames.
func (l *inspector) tell(v *frame.Video) {
	if len(l.told) < maxFrameRows {
		l.told = append(l.told, toldPicture{v.PTS, v.Type, v.Corrupt})
	}
}

// framesOf lists the frames of a task whose tracks are known.
func framesOf(t task) []Frame {
	var out []Frame
	switch t := t.(type) {
	case *segmentTask:
		if t.meter == nil || t.pipe == nil {
			return nil
		}
		for _, s := range t.meter.streams {
			out = append(out, t.frames.of(s, t.ids[s], t.pipe.lane(s))...)
		}
	case *fileTask:
		for i, in := range t.inputs {
			if in != nil && len(in.streams) > 0 {
				out = append(out, t.frames.of(in.streams[0], t.rows[i], t.pipe.lane(in.streams[0]))...)
			}
		}
	}
	return out
}

// of lists the frames of a stream with what its lane says about them; l is nil when nothing was decoded.
func (x *frameList) of(s *stream, track string, l *lane) []Frame {
	var told []toldPicture
	if l != nil && l.out.look != nil {
		told = slices.Clone(l.out.look.told)
		slices.SortStableFunc(told, func(a, b toldPicture) int { return cmp.Compare(a.at, b.at) })
	}
	var out []Frame
	for _, r := range x.rows {
		if r.stream != s {
			continue
		}
		f := Frame{Track: track, Segment: r.segment, PTS: Seconds(r.pts.Add(r.part.shift)), DTS: Seconds(r.dts.Add(r.part.shift)), Size: r.size, Key: r.key}
		if i, ok := slices.BinarySearchFunc(told, r.at, func(p toldPicture, at media.Time) int { return cmp.Compare(p.at, at) }); ok {
			f.Decoded, f.Corrupt = true, told[i].corrupt
			if told[i].kind != 0 {
				f.Type = string(rune(told[i].kind))
			}
		}
		out = append(out, f)
	}
	return out
}

// WriteFrames writes the coded frames of a check that was to list them, as comma-separated values, after a line of names
// if names is set. Fields that are not known are empty.
func (r *Report) WriteFrames(w io.Writer, names bool) error {
	c := csv.NewWriter(w)
	if names {
		if err := c.Write([]string{"track", "segment", "type", "pts", "dts", "size", "key", "corrupt"}); err != nil {
			return err
		}
	}
	flag := map[bool]string{false: "0", true: "1"}
	for _, f := range r.Frames {
		segment, corrupt := "", ""
		if f.Segment >= 0 {
			segment = strconv.Itoa(f.Segment)
		}
		if f.Decoded {
			corrupt = flag[f.Corrupt]
		}
		seconds := func(s Seconds) string { return strconv.FormatFloat(float64(s)+0, 'f', 6, 64) }
		if err := c.Write([]string{f.Track, segment, f.Type, seconds(f.PTS), seconds(f.DTS), strconv.Itoa(f.Size), flag[f.Key], corrupt}); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
