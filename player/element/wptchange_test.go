package element_test

import (
	"strings"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// changes is a row of mediasource-config-change: two files of one type, one after the other twice.
func changes(name, first, second string) wptRow {
	return wptRow{id: "mediasource-config-change-" + name + "/01", webm: strings.HasPrefix(name, "webm"), run: func(p *page) {
		a, b := secondary(p.t, first), secondary(p.t, second)
		p.open(a)
		for i, m := range []medium{a, b, a, b} {
			p.must(p.sb.SetTimestampOffset(0.5 * media.Span(i)))
			p.append(m.all())
		}
		is(p, "updates", p.fired("sb.update"), 4)
		d, _ := p.ms.Duration()
		p.ok("duration", d > 2)
		p.do(func() {
			p.must(p.sb.Remove(2, media.Forever))
			is(p, "updating", p.sb.Updating(), true)
		})
		p.wait("sb.updateend", "sb.updateend", "sb.updateend", "sb.updateend", "sb.updatestart", "sb.update", "sb.updateend")
		p.clear()
		p.do(func() {
			p.must(p.ms.SetDuration(2))
			is(p, "updating after duration", p.sb.Updating(), false)
		})
		p.wait("durationchange")
		p.do(func() {
			p.end(mse.EndNormal)
			is(p, "updating after the end", p.sb.Updating(), false)
			p.e.Play()
		})
		p.wait("ended")
		if strings.Contains(name, "framesize") {
			// Small, large, small, large: every change but the first, which came with the metadata.
			is(p, "resize", p.fired("resize"), 3)
		}
		p.never("error")
	}}
}

const (
	a128  = "test-a-128k-44100Hz-1ch"
	a192  = "test-a-192k-44100Hz-1ch"
	v24   = "test-v-128k-320x240-24fps-8kfr"
	v320  = "test-v-128k-320x240-30fps-10kfr"
	v640  = "test-v-128k-640x480-30fps-10kfr"
	v256  = "test-v-256k-320x240-30fps-10kfr"
	av320 = "test-av-384k-44100Hz-1ch-320x240-30fps-10kfr"
	av384 = "test-av-384k-44100Hz-1ch-640x480-30fps-10kfr"
	av448 = "test-av-448k-44100Hz-1ch-640x480-30fps-10kfr"
	av640 = "test-av-640k-44100Hz-1ch-640x480-30fps-10kfr"
)

var wptChange = wptArea{name: "config-change", rows: func() (rows []wptRow) {
	for _, format := range []string{"mp4", "webm"} {
		for _, r := range [][3]string{
			{"a-bitrate", a128, a192}, {"av-audio-bitrate", av384, av448}, {"av-framesize", av320, av384}, {"av-video-bitrate", av384, av640},
			{"v-bitrate", v320, v256}, {"v-framerate", v24, v320}, {"v-framesize", v320, v640},
		} {
			rows = append(rows, changes(format+"-"+r[0], format+"/"+r[1]+"."+format, format+"/"+r[2]+"."+format))
		}
	}
	return rows
}()}
