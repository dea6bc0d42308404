package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/file"
	"mseplayer/player/manifest"
	"mseplayer/player/source"
)

// maxPortions is how many portions of a file, of a second or two each, are read ahead of their decoding.
const maxPortions = 2

// clipTolerance is how much of the last frame must be presented for its end to count as cut off, not as left out.
const clipTolerance = media.Span(0.001)

// maxReadErrors is how many failed reads in a row end the check of a file.
const maxReadErrors = 16

// fileTask checks a media file that goes through a demuxer.
type fileTask struct {
	// immutable
	*run
	rows map[int]string // the tracks that are checked, by their place in the file, with their ids

	// owned by work
	reach
	inputs  []*fileInput // in the order of the file's tracks; nil for those that are not read
	words   []*textInput // likewise, of subtitles
	began   bool         // the file has been read
	found   findings
	frames  frameList
	pipe    *pipe
	started time.Time
	took    time.Duration
}

// fileInput is the way of one track.
type fileInput struct {
	*input
	track  file.Track
	broken bool // the buffer takes no more of it
}

// portion is what one read of the file gave.
type portion struct {
	chunks []file.Chunk
	err    error
}

func (t *fileTask) video() bool   { return true }
func (t *fileTask) cost() float64 { return 1 }

// work implements task, like that of a representation: what is damaged is decoded again with one thread.
func (t *fileTask) work(threads int) {
	t.decode(threads)
	if threads == 1 || t.ctx.Err() != nil || !t.pipe.damaged() {
		return
	}
	src, err := source.Open(t.ctx, t.name, t.opt.Source)
	if err != nil || src.File == nil || len(src.File.Tracks()) != len(t.source.File.Tracks()) {
		if err == nil {
			src.Close()
		}
		return // it is not what it was; what has been found of it stays
	}
	t.source.Close()
	t.run.source = src
	*t = fileTask{run: t.run, rows: t.rows, reach: t.reach}
	t.decode(1)
}

// decode does the work once.
func (t *fileTask) decode(threads int) {
	t.started = time.Now()
	defer func() { t.took = time.Since(t.started) }()
	src := t.source.File
	var err error
	if t.pipe, err = newPipe(t.ctx, t.group, t.opt.Decoders, t.keys, threads, quotaBytes, t.opt.Log); err != nil {
		t.group.cancel(err)
		return
	}
	defer t.pipe.close()
	defer func() {
		for _, w := range t.words {
			if w != nil {
				w.reader.Close()
			}
		}
	}()
	t.pipe.look = t.inspect()
	if err := t.open(src); err != nil {
		if t.ctx.Err() == nil {
			t.group.cancel(err)
		}
		return
	}
	if !slices.ContainsFunc(t.inputs, func(in *fileInput) bool { return in != nil }) {
		return // subtitles alone
	}
	t.began = true
	ctx, stop := context.WithCancel(t.ctx)
	out := make(chan portion, maxPortions)
	t.group.run(func() { t.read(ctx, src, out) })
	for p := range out {
		if err := t.take(p); err != nil {
			if t.ctx.Err() == nil {
				t.group.cancel(err)
			}
			break
		}
	}
	stop()
	for range out { // until the reader has noticed: the file must not be closed before
	}
	if t.ctx.Err() == nil {
		if err := t.pipe.finish(); err != nil && t.ctx.Err() == nil {
			t.group.cancel(err)
		}
	}
}

// choose decides which tracks are checked.
func (t *fileTask) choose(src *file.Source) error {
	wanted := t.opt.Representations
	var names []string
	for i := range src.Tracks() {
		id := manifest.TrackID("0", fmt.Sprint(i), "0")
		names = append(names, id)
		if len(wanted) == 0 || slices.Contains(wanted, id) {
			t.rows[i] = id
		}
	}
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return noSuch(name, names)
		}
	}
	return nil
}

// open makes an input for each track that can be decoded or measured.
func (t *fileTask) open(src *file.Source) error {
	var ids []uint32
	for i, tr := range src.Tracks() {
		t.inputs, t.words = append(t.inputs, nil), append(t.words, nil)
		if t.rows[i] == "" {
			continue
		}
		if tr.Kind == media.Text {
			if in := newTextInput(tr, src.Init(tr.ID), t.opt.Decoders, src.Info().Duration); in != nil {
				in.found = func(code, message string, at media.Time) {
					f := t.finding(code, message)
					f.Track, f.Representation, f.Time = Text(t.rows[i]), "0", Seconds(at)
					t.found.add(f)
				}
				t.words[i] = in
				ids = append(ids, tr.ID)
			}
			continue
		}
		at := frameOf{window: media.Range{Start: 0, End: media.Forever}}
		m := newMeter(file.NewParser(), at, t.decodes())
		if t.opt.Frames {
			m.tap = func(s *stream, f *media.CodedFrame, own media.Time) { t.frames.note(s, f, own, -1) }
		}
		in, err := t.pipe.add(m)
		if err != nil {
			return err
		}
		t.inputs[i] = &fileInput{input: in, track: tr}
		ids = append(ids, tr.ID)
		if err := t.pipe.append(in, src.Init(tr.ID)); err != nil {
			return err
		}
	}
	src.Select(ids...)
	return nil
}

// read reads the file ahead of take and closes out.
func (t *fileTask) read(ctx context.Context, src *file.Source, out chan<- portion) {
	defer close(out)
	failures := 0
	for {
		chunks, err := src.Next(ctx)
		if ctx.Err() != nil || errors.Is(err, io.EOF) {
			return
		}
		if failures++; err == nil {
			failures = 0
		}
		select {
		case out <- portion{chunks, err}:
		case <-ctx.Done():
			return
		}
		if failures == maxReadErrors || t.beyond(chunks) {
			return
		}
	}
}

// beyond reports whether enough has been read.
func (t *fileTask) beyond(chunks []file.Chunk) bool {
	limit := media.Time(t.opt.MaxDuration)
	return limit > 0 && slices.ContainsFunc(chunks, func(c file.Chunk) bool {
		return c.End >= limit && !slices.ContainsFunc(t.words, func(w *textInput) bool { return w != nil && w.track.ID == c.Track })
	})
}

// take appends one portion. An error ends the check.
func (t *fileTask) take(p portion) error {
	if p.err != nil {
		f := t.finding(codeMalformed, reason(p.err))
		f.Message = strings.TrimPrefix(f.Message, "file: ")
		for _, w := range t.words {
			if w != nil {
				w.failed = true
			}
		}
		t.found.add(f)
		return nil
	}
	var fed []*input
	var bytes int64
	for _, c := range p.chunks {
		if i := slices.IndexFunc(t.words, func(in *textInput) bool { return in != nil && in.track.ID == c.Track }); i >= 0 {
			t.words[i].push(c.Data)
			continue
		}
		i := slices.IndexFunc(t.inputs, func(in *fileInput) bool { return in != nil && in.track.ID == c.Track })
		if i < 0 {
			continue
		}
		in := t.inputs[i]
		bytes += int64(len(c.Data))
		if in.broken || len(c.Data) == 0 { // a track without frames ends all the same
			continue
		}
		if err := t.pipe.append(in.input, c.Data); err != nil {
			if t.ctx.Err() != nil {
				return err
			}
			in.broken = true
			t.found.add(t.refusal(err))
		}
		fed = append(fed, in.input)
	}
	if err := t.pipe.settle(fed...); err != nil {
		return err
	}
	for _, in := range fed {
		for _, s := range in.streams {
			s.closeSegment(segment{})
		}
	}
	part := 0.0
	if d := media.Time(t.source.File.Info().Duration); d > 0 && len(p.chunks) > 0 {
		if t.opt.MaxDuration > 0 {
			d = min(d, media.Time(t.opt.MaxDuration))
		}
		part = t.reached(float64(p.chunks[len(p.chunks)-1].End / d))
	}
	t.advance(func(p *Progress) { p.Segments++; p.Bytes += bytes; p.Share = min(1, p.Share+t.share(t, part)) })
	return nil
}

// refusal is the finding for what the buffer has against a track.
func (t *fileTask) refusal(err error) Finding {
	if errors.Is(err, mse.ErrQuotaExceeded) {
		return t.finding(manifest.CodeLimits, noRAPWithin)
	}
	return t.finding(codeMalformed, err.Error())
}

// finding makes a finding about the file.
func (t *fileTask) finding(code, message string) Finding {
	return Finding{Code: code, Message: message, Period: "0", Time: Unknown}
}

// mimeTypes are the types of the containers that have one, by a part of FFmpeg's name of the format.
var mimeTypes = []struct{ format, video, audio string }{
	{"mp4", "video/mp4", "audio/mp4"},
	{"matroska,webm", "video/webm", "audio/webm"},
	{"mpegts", "video/mp2t", "video/mp2t"},
	{"mp3", "", "audio/mpeg"},
	{"aac", "", "audio/aac"},
}

// result implements task.
func (t *fileTask) result() ([]Track, []Finding) {
	var tracks []Track
	src := t.source.File
	for i, tr := range src.Tracks() {
		if t.rows[i] == "" {
			continue
		}
		row := newTrack(t.rows[i], tr.Kind.String())
		row.Period, row.AdaptationSet, row.Representation = "0", fmt.Sprint(i), "0"
		if tr.Language != "" {
			row.Language = tr.Language
		}
		for _, m := range mimeTypes {
			if strings.Contains(","+src.Info().Format+",", ","+m.format+",") {
				row.MIMEType = Text(m.video)
				if tr.Kind == media.Audio {
					row.MIMEType = Text(m.audio)
				}
				row.Container = containerName(m.audio)
			}
		}
		if i < len(t.words) && t.words[i] != nil && t.began {
			t.fillWords(&row, t.words[i], tr)
		}
		if i < len(t.inputs) && t.inputs[i] != nil && len(t.inputs[i].streams) > 0 {
			t.fill(&row, t.inputs[i], tr)
		}
		tracks = append(tracks, row)
	}
	return tracks, t.found.all()
}

// fill puts what is known of a track into its row, and adds the findings about it.
func (t *fileTask) fill(row *Track, in *fileInput, tr file.Track) {
	s := in.streams[0]
	s.settle()
	if d := media.Time(t.source.File.Info().Duration); row.Container == containerNames[mime.ISOBMFF] && s.end > d && s.end.Sub(d) < s.end.Sub(s.last)-clipTolerance {
		s.end = d // an edit list may end within a frame
	}
	s.fill(row, s.payload)
	if tr.ContainerFirst.Set {
		row.ContainerFirstPTS = Seconds(tr.ContainerFirst.T)
	} else if s.frames > 0 {
		row.ContainerFirstPTS = Seconds(s.containerFirst.Add(t.source.File.Info().Shift))
	}
	l := t.pipe.lane(s)
	if l != nil {
		l.fill(row, t.took.Seconds())
	}
	id := row.ID
	make := func(code, message string) Finding {
		f := t.finding(code, message)
		f.Track, f.Representation = Text(id), "0"
		if code == codeUnsupported && !t.anyDecoded() {
			f.Severity = manifest.SeverityError
		}
		return f
	}
	if t.opt.MaxDuration == 0 && !in.broken {
		t.judgeFrames(s, make)
	}
	s.judgeGaps(&t.found, make, nil, nil)
	s.judgeOrder(&t.found, make, mime.Container(0))
	s.judgeSignals(&t.found, make)
	s.judge(&t.found, make, l, t.opt.Decoders != nil)
	l.judgeContent(&t.found, make)
}

// judgeFrames reports a track that has been read to its end without anything to begin decoding with.
func (t *fileTask) judgeFrames(s *stream, make func(code, message string) Finding) {
	switch {
	case slices.ContainsFunc(t.found.list, func(f Finding) bool { return f.Code == codeMalformed }): // they may be behind what could not be read
	case s.coded == 0:
		f := make(codeEmpty, "the track holds no frames")
		if slices.ContainsFunc(t.inputs, func(in *fileInput) bool { return in != nil && len(in.streams) > 0 && in.streams[0].coded > 0 }) {
			f.Severity = manifest.SeverityWarning // the others play
		}
		t.found.add(f)
	case s.info.Kind == media.Video && s.keys == 0:
		f := make(codeNoRAP, fmt.Sprintf("none of its %s is a random access point, so no picture can be shown", plural(s.coded, "coded frame")))
		f.Severity, f.Hint = manifest.SeverityError, "begin the track with a random access point"
		f.Evidence = map[string]any{"frames": s.coded}
		t.found.add(f)
	}
}

// fillWords is fill for subtitles.
func (t *fileTask) fillWords(row *Track, in *textInput, tr file.Track) {
	row.Codecs, row.Bytes = Text(mime.FromConfig(tr.Config)), in.bytes
	in.fill(row)
	in.failed = in.failed || t.opt.MaxDuration > 0
	id := row.ID
	in.judge(&t.found, func(code, message string) Finding {
		f := t.finding(code, message)
		f.Track, f.Representation = Text(id), "0"
		return f
	})
}

// anyDecoded reports whether anything of the file could be decoded.
func (t *fileTask) anyDecoded() bool { return len(t.pipe.lanes) > 0 }
