package isobmff

import (
	"bytes"
	"math"
	"time"

	"mseplayer/mse/media"
)

// readEvent keeps what an emsg or prft box says. One that cannot be read is passed over: no frame depends on it.
func (p *Parser) readEvent(b *box) {
	var e media.InbandEvent
	var relative, ok bool
	if b.is("emsg") {
		e, relative, ok = eventMessage(b.body)
	} else {
		e, ok = p.producerTime(b.body)
	}
	if ok {
		p.inband.Add(e, relative)
	}
}

// eventMessage reads an emsg. The time of one of version 0 is relative to the media segment that follows.
// ISO/IEC 23009-1 §5.10.3.3.
func eventMessage(b []byte) (e media.InbandEvent, relative, ok bool) {
	const unknown = math.MaxUint32
	text := func() string {
		s, rest, found := bytes.Cut(b, []byte{0})
		ok, b = ok && found, rest
		return string(s)
	}
	number := func(size int) (v uint64) {
		if ok = ok && len(b) >= size; !ok {
			return 0
		}
		for _, c := range b[:size] {
			v = v<<8 | uint64(c)
		}
		b = b[size:]
		return v
	}
	ok = true
	version := number(fullBoxBytes) >> 24
	var scale, at, length uint64
	switch version {
	case 0:
		e.Scheme, e.Value = text(), text()
		scale, at = number(4), number(4)
		length, e.ID = number(4), uint32(number(4))
	case 1:
		scale, at = number(4), number(8)
		length, e.ID = number(4), uint32(number(4))
		e.Scheme, e.Value = text(), text()
	default:
		return e, false, false
	}
	if !ok || scale == 0 || at > maxTicks {
		return e, false, false
	}
	e.Time = media.FromTicks(int64(at), uint32(scale))
	if e.Duration = media.SpanFromTicks(int64(length), uint32(scale)); length == unknown {
		e.Duration = media.Span(media.Forever)
	}
	e.Data = bytes.Clone(b)
	return e, version == 0, true
}

// ntpEpoch is the beginning of NTP time stamps, in seconds of Unix time.
const ntpEpoch = -2208988800

// producerTime reads a prft. ISO/IEC 14496-12 §8.16.5.
func (p *Parser) producerTime(b []byte) (e media.InbandEvent, ok bool) {
	const short, long = 20, 24
	if len(b) < short || p.movie == nil || b[0] > 0 && len(b) < long {
		return e, false
	}
	t := p.movie.track(be.Uint32(b[4:]))
	at := uint64(be.Uint32(b[16:]))
	if b[0] > 0 {
		at = be.Uint64(b[16:])
	}
	if t == nil || at > maxTicks {
		return e, false
	}
	e.Kind, e.Track, e.Time = media.ProducerTime, t.id, media.FromTicks(int64(at)-t.shift, t.timescale)
	sec, frac := be.Uint32(b[8:]), be.Uint32(b[12:])
	e.Wall = time.Unix(ntpEpoch+int64(sec), int64(uint64(frac)*uint64(time.Second)>>32)).UTC()
	return e, true
}
