package mp2t

import (
	"bytes"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// splitter cuts the elementary stream of a track into frames.
type splitter interface {
	// split hands out the frames that are complete. last says that nothing follows what has arrived.
	split(last bool) error
	// reset forgets the frame that has begun.
	reset()
}

// track is an elementary stream of the program that is a video, audio or text track.
type track struct {
	p       *Parser
	info    media.TrackInfo // Config is nil before it is known
	format  format
	crypt   *media.Crypt
	refusal string // why it is not played, "" if it is
	split   splitter

	cc     uint8 // continuity counter of the last packet with payload
	heard  bool  // there was such a packet
	tables int64 // how many program association tables had been seen then
	added  int   // bytes that it added to the elementary stream
	twice  bool  // it was a duplicate
	locked bool  // some packet was scrambled

	pes pes
	es  stream

	out   []media.CodedFrame // frames that wait for the next portion
	total int                // frames of the last portion
}

// packet takes one packet of the track's PID.
func (t *track) packet(k *packet) error {
	if k.discontinuous && !k.hasPayload {
		t.heard = false // the counter of the next packet may be any
	}
	if t.heard && k.hasPayload {
		var err error
		switch {
		case k.cc == (t.cc+1)&15:
		case k.cc == t.cc && !t.twice && t.repeats(k.payload):
			t.twice = true
			return nil
		case k.starts && (k.discontinuous || t.tables != t.p.tables):
			// Another segment begins, perhaps from another multiplexer.
			err = t.finish()
		case k.discontinuous:
			err = t.damage()
		case k.starts && t.pes.inBody && t.pes.left == 0:
			t.p.stats.LostPackets++ // but none of those before
			err = t.finish()
		default:
			t.p.stats.LostPackets++
			err = t.damage()
		}
		if err != nil {
			return err
		}
	}
	if !k.hasPayload {
		return nil
	}
	t.cc, t.heard, t.twice, t.tables = k.cc, true, false, t.p.tables
	t.added = 0
	if k.scrambled {
		return t.scrambled(k.starts)
	}
	b := k.payload
	if k.starts {
		t.pes.start()
	}
	if t.pes.inHead {
		var done bool
		if b, done = t.pes.header(b); done {
			if err := t.begin(); err != nil {
				return err
			}
		} else if !t.pes.inHead {
			t.p.stats.BadPES++
		}
	}
	if !t.pes.inBody {
		return nil
	}
	if t.pes.left >= 0 {
		b = b[:min(int64(len(b)), t.pes.left)]
		t.pes.left -= int64(len(b))
	}
	if len(t.es.b)-t.es.from+len(b) > maxFrameBytes {
		return fault(t.path(), t.p.pos, "more than %d bytes belong to one frame", maxFrameBytes)
	}
	t.es.append(b)
	t.added = len(b)
	if k.starts || t.pes.left == 0 || len(t.es.b)-t.es.seen >= splitBytes {
		return t.split.split(false)
	}
	return nil
}

// repeats reports whether a payload ends as the elementary stream does, with what the last packet added.
func (t *track) repeats(payload []byte) bool {
	n := t.added
	return n <= len(payload) && n <= len(t.es.b) && bytes.Equal(payload[len(payload)-n:], t.es.b[len(t.es.b)-n:])
}

// begin reads the times of the PES packet whose header is complete.
func (t *track) begin() error {
	if t.pes.scrambled() {
		return t.scrambled(true)
	}
	var m mark
	if pts, dts, ok := t.pes.stamps(); ok {
		m.timed = true
		m.dts = t.p.clock.unwrap(dts)
		at := t.p.clock
		m.pts = at.unwrap(pts)
	}
	t.es.mark(m)
	if t.p.ready {
		return t.p.startSegment()
	}
	return nil
}

// scrambled passes over a packet that conditional access has encrypted.
func (t *track) scrambled(starts bool) error {
	t.p.stats.Scrambled++
	t.locked = true
	switch {
	case starts:
		return t.finish()
	case t.pes.inHead || t.pes.inBody:
		return t.damage()
	default:
		return nil
	}
}

// damage ends what can be ended and drops the frame that has a hole.
func (t *track) damage() error {
	if err := t.split.split(false); err != nil {
		return err
	}
	if t.es.from < len(t.es.b) {
		t.p.stats.DamagedFrames++
	}
	t.es.drop()
	t.split.reset()
	t.pes.stop()
	return nil
}

// finish hands out what is complete when nothing follows. Where the PES packet does not tell its length, as that of
// video may, the last frame counts as complete.
func (t *track) finish() error {
	if t.refusal != "" {
		return nil
	}
	if t.pes.inBody && t.pes.left > 0 {
		return t.damage() // the last frame is not all there
	}
	err := t.split.split(true)
	t.es.drop()
	t.split.reset()
	t.pes.stop()
	return err
}

// frame puts a frame into the next portion.
func (t *track) frame(f media.CodedFrame) {
	f.Crypt = t.crypt
	if t.out == nil {
		const spare = 4
		t.out = make([]media.CodedFrame, 0, t.total+spare)
	}
	t.out = append(t.out, f)
	t.p.payload += len(f.Data)
	if d := f.DTS.Sub(t.out[0].DTS); d >= portionLength || d < 0 || t.p.payload >= portionBytes {
		t.p.due = true
	}
}

// portion takes the frames that wait.
func (t *track) portion() bytestream.TrackFrames {
	f := bytestream.TrackFrames{Track: t.info.ID, Frames: t.out}
	t.out, t.total = nil, len(t.out)
	return f
}

// refuse gives the track up.
func (t *track) refuse(why string) {
	t.refusal, t.info.Config = why, nil
	t.out = nil
	t.es = stream{}
}
