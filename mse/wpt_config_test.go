package mse_test

import (
	"mseplayer/mse"
	"mseplayer/mse/media"
)

// wptConfig is about a change of configuration without changeType.
var wptConfig = wptArea{"config", append([]wptRow{
	{"part of mediasource-config-change-mp4-a-bitrate/01", func(p *page) { p.alternate(fileA, fileA192) }, nil},
	{"part of mediasource-config-change-mp4-av-audio-bitrate/01", func(p *page) {
		p.alternate("mp4/test-av-384k-44100Hz-1ch-640x480-30fps-10kfr.mp4", "mp4/test-av-448k-44100Hz-1ch-640x480-30fps-10kfr.mp4")
	}, nil},
	{"part of mediasource-config-change-mp4-av-framesize/01", func(p *page) {
		p.alternate(fileAV, "mp4/test-av-384k-44100Hz-1ch-640x480-30fps-10kfr.mp4", 320, 640, 320, 640)
	}, nil},
	{"part of mediasource-config-change-mp4-av-video-bitrate/01", func(p *page) {
		p.alternate("mp4/test-av-384k-44100Hz-1ch-640x480-30fps-10kfr.mp4", "mp4/test-av-640k-44100Hz-1ch-640x480-30fps-10kfr.mp4", 640)
	}, nil},
	{"part of mediasource-config-change-mp4-v-bitrate/01", func(p *page) { p.alternate(fileV, "mp4/test-v-256k-320x240-30fps-10kfr.mp4", 320) }, nil},
	{"part of mediasource-config-change-mp4-v-framerate/01", func(p *page) { p.alternate(fileV24, fileV, 320) }, nil},
	{"part of mediasource-config-change-mp4-v-framesize/01", func(p *page) {
		p.alternate(fileV, "mp4/test-v-128k-640x480-30fps-10kfr.mp4", 320, 640, 320, 640)
	}, nil},
}, webmConfigRows()...)}

// webmConfigRows are the rows about WebM files.
func webmConfigRows() (rows []wptRow) {
	for _, f := range [][3]string{
		{"a-bitrate", "test-a-128k-44100Hz-1ch", "test-a-192k-44100Hz-1ch"},
		{"av-audio-bitrate", "test-av-384k-44100Hz-1ch-640x480-30fps-10kfr", "test-av-448k-44100Hz-1ch-640x480-30fps-10kfr"},
		{"av-framesize", "test-av-384k-44100Hz-1ch-320x240-30fps-10kfr", "test-av-384k-44100Hz-1ch-640x480-30fps-10kfr"},
		{"av-video-bitrate", "test-av-384k-44100Hz-1ch-640x480-30fps-10kfr", "test-av-640k-44100Hz-1ch-640x480-30fps-10kfr"},
		{"v-bitrate", "test-v-128k-320x240-30fps-10kfr", "test-v-256k-320x240-30fps-10kfr"},
		{"v-framerate", "test-v-128k-320x240-24fps-8kfr", "test-v-128k-320x240-30fps-10kfr"},
		{"v-framesize", "test-v-128k-320x240-30fps-10kfr", "test-v-128k-640x480-30fps-10kfr"},
	} {
		rows = append(rows, wptRow{"part of mediasource-config-change-webm-" + f[0] + "/01", func(p *page) { p.alternate("webm/"+f[1]+".webm", "webm/"+f[2]+".webm") }, []codec{vp8}})
	}
	return rows
}

// alternate appends two files in turns, cuts at 2 s, ends the stream and reads it through. widths are those of the
// pictures in turn.
func (p *page) alternate(first, second string, widths ...int) {
	p.Helper()
	a, b := file(p.T, first), file(p.T, second)
	p.is("type", b.typ, a.typ)
	sb := p.add(a.typ)
	for i, m := range []*medium{a, b, a, b} {
		p.ok(sb.SetTimestampOffset(media.Span(i) / 2))
		p.append(sb, m.all())
	}
	p.trim(sb)
	p.readsThrough()
	if widths != nil {
		p.is("widths", p.widths(sb), widths)
	}
}

// trim ends the stream after 2 s.
func (p *page) trim(sb *mse.SourceBuffer) {
	p.Helper()
	p.is("longer than 2 s", p.duration() > 2, true)
	p.remove(sb, 2, inf)
	delete(p.events, "player")
	p.ok(p.ms.SetDuration(2))
	p.is("updating", sb.Updating(), false)
	p.want("player", "durationchange")
	p.eos()
	p.is("updating", sb.Updating(), false)
	p.is("error", p.code, 0)
}
