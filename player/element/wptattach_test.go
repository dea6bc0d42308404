package element_test

import (
	"fmt"
	"strings"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/element"
)

// objectURL makes a URL for ms that is revoked when the page is closed.
func (p *page) objectURL(ms *mse.MediaSource) string {
	url, err := mse.CreateObjectURL(ms)
	p.must(err)
	p.quit = append(p.quit, func() { mse.RevokeObjectURL(url) })
	return url
}

var wptURL = wptArea{name: "url", rows: []wptRow{
	{id: "URL-createObjectURL/01", run: func(p *page) {
		url := p.objectURL(p.source("ms."))
		p.ok("begins with blob: and goes on", strings.HasPrefix(url, "blob:") && len(url) > len("blob:"))
	}},
	{id: "URL-createObjectURL-null/01", run: func(p *page) {
		_, err := mse.CreateObjectURL(nil)
		p.throws("null", err, mse.TypeError)
	}},
	{id: "URL-createObjectURL-revoke/01", run: func(p *page) {
		ms := p.source("ms.")
		url := p.objectURL(ms)
		mse.RevokeObjectURL(url)
		p.do(func() { p.e.SetSrc(url) })
		p.wait("error")
		p.idle(time.Second)
		is(p, "code", code(p.e), element.SrcNotSupported)
		is(p, "state", ms.ReadyState(), mse.Closed)
		p.never("ms.sourceopen")
	}},
	{id: "URL-createObjectURL-revoke/02", run: func(p *page) {
		ms := p.source("ms.")
		url := p.objectURL(ms)
		p.on("ms.sourceopen", func() { is(p, "state", ms.ReadyState(), mse.Open) })
		p.do(func() {
			p.e.SetSrc(url)
			mse.RevokeObjectURL(url)
		})
		p.wait("ms.sourceopen")
		p.never("error")
	}},
	{id: "URL-createObjectURL-revoke/03", run: func(p *page) {
		url := p.objectURL(p.source("ms."))
		p.idle(time.Second)
		p.on("ms.sourceopen", func() {
			is(p, "networkState", p.e.NetworkState(), element.Loading)
			is(p, "readyState", p.e.ReadyState(), element.HaveNothing)
		})
		p.do(func() { p.e.SetSrc(url) })
		p.wait("ms.sourceopen")
		p.idle(time.Second)
		p.never("error")
	}},
}}

// fails checks that a URL cannot be loaded.
func (p *page) fails(url string) {
	p.t.Helper()
	p.do(func() { p.e.SetSrc(url) })
	p.wait("error")
	p.idle(time.Second)
	p.never("ms.sourceopen")
}

// preload has no attribute here, because it would do nothing: what is left of its rows is that the source is opened, or
// not.
func preload(file string, first int, run func(p *page)) (rows []wptRow) {
	for i := range 3 {
		rows = append(rows, wptRow{id: fmt.Sprintf("%s/%02d", file, first+i), run: run})
	}
	return rows
}

var wptAttach = wptArea{name: "attach", rows: append(append(append([]wptRow{
	{id: "mediasource-attach-stops-delaying-load-event/01", run: func(p *page) {
		url := p.objectURL(p.source("ms."))
		p.on("ms.sourceopen", func() {
			is(p, "networkState", p.e.NetworkState(), element.Loading)
			is(p, "readyState", p.e.ReadyState(), element.HaveNothing)
			p.never("suspend", "stalled", "progress", "error")
		})
		p.do(func() { p.e.SetSrc(url) })
		p.wait("ms.sourceopen")
		p.idle(time.Second)
		is(p, "sourceopen", p.fired("ms.sourceopen"), 1)
	}},
	{id: "mediasource-multiple-attach/01", run: func(p *page) {
		ms := p.source("ms.")
		url := p.objectURL(ms)
		other := p.player("other.", pageSetup{})
		p.do(func() {
			p.e.SetSrc(url)
			other.SetSrc(url)
		})
		p.wait("ms.sourceopen")
		p.idle(time.Second)
		is(p, "sourceopen", p.fired("ms.sourceopen"), 1)
		is(p, "state", ms.ReadyState(), mse.Open)
		won, lost := p.e, other
		if won.Error() != nil {
			won, lost = other, p.e
		}
		is(p, "error of one", won.Error(), nil)
		is(p, "networkState of one", won.NetworkState(), element.Loading)
		is(p, "error of the other", code(lost), element.SrcNotSupported)
		is(p, "networkState of the other", lost.NetworkState(), element.NoSource)
	}},
	{id: "mediasource-multiple-attach/02", run: func(p *page) {
		p.attach()
		p.do(func() {
			p.e.SetSrc(p.objectURL(p.ms))
			is(p, "state at once", p.ms.ReadyState(), mse.Closed)
		})
		p.wait("ms.sourceopen")
		is(p, "state", p.ms.ReadyState(), mse.Open)
	}},
	{id: "mediasource-detach/01", run: func(p *page) {
		p.open(p.main())
		is(p, "readyState", p.e.ReadyState(), element.HaveNothing)
		p.detaches()
	}},
	{id: "mediasource-detach/02", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.append(m.all())
		p.wait("loadedmetadata")
		p.ok("readyState", p.e.ReadyState() > element.HaveNothing)
		p.detaches()
	}},
}, preload("mediasource-preload", 1, func(p *page) {
	url := p.objectURL(p.source("ms."))
	p.do(func() { p.e.SetSrc(url) })
	p.wait("ms.sourceopen")
})...), preload("mediasource-preload", 4, func(p *page) {
	url := p.objectURL(p.source("ms."))
	mse.RevokeObjectURL(url)
	p.fails(url)
})...), preload("mediasource-preload", 7, func(p *page) {
	p.fails(p.objectURL(p.source("ms.")) + "x")
})...)}

// detaches calls load and checks what is left of the MediaSource.
func (p *page) detaches() {
	p.t.Helper()
	p.on("ms.sourceclose", func() {
		is(p, "sourceBuffers", p.ms.SourceBuffers().Len(), 0)
		is(p, "activeSourceBuffers", p.ms.ActiveSourceBuffers().Len(), 0)
		is(p, "state", p.ms.ReadyState(), mse.Closed)
		_, known := p.ms.Duration()
		is(p, "duration is known", known, false)
	})
	p.do(func() { p.e.Load() })
	p.wait("ms.sourceclose")
}

// failed checks the outcome of a failure before the metadata is known.
func (p *page) failed() {
	p.t.Helper()
	p.wait("ms.sourceended", "ms.sourceclose")
	p.settle()
	is(p, "error", code(p.e), element.SrcNotSupported)
	is(p, "error events", p.fired("error"), 1)
	is(p, "sourceBuffers", p.ms.SourceBuffers().Len(), 0)
	is(p, "state", p.ms.ReadyState(), mse.Closed)
}

// corrupted is the main file with the second half of the first segment, and more, replaced by that segment's beginning.
func corrupted(m medium) []byte {
	data := append([]byte(nil), m.all()...)
	copy(data[len(m.init)+(len(m.seg[0])-1)/2:], m.seg[0])
	return data
}

// refused is one row of a file that cannot be parsed.
func (p *page) refused(data []byte) {
	p.t.Helper()
	p.start(data)
	p.wait("sb.error", "sb.updateend")
	p.settle()
	p.never("sb.update")
}

var wptErrors = wptArea{name: "errors", rows: []wptRow{
	{id: "mediasource-errors/01", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.start(m.seg[0])
		p.wait("sb.error", "sb.updateend")
		p.failed()
	}},
	{id: "mediasource-errors/02", run: func(p *page) { p.endsBeforeMetadata(mse.EndDecode) }},
	{id: "mediasource-errors/03", run: func(p *page) { p.endsBeforeMetadata(mse.EndNetwork) }},
	{id: "mediasource-errors/04", run: func(p *page) { p.endsWithMetadata(mse.EndDecode, element.Decode) }},
	{id: "mediasource-errors/05", run: func(p *page) { p.endsWithMetadata(mse.EndNetwork, element.Network) }},
	{id: "mediasource-errors/06", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.append(m.init)
		p.wait("loadedmetadata")
		p.clear()
		p.refused(corrupted(m))
		p.wait("ms.sourceended")
		p.settle()
		is(p, "error events", p.fired("error"), 1)
		is(p, "error", code(p.e), element.Decode)
	}},
	{id: "mediasource-errors/07", run: func(p *page) {
		m := p.main()
		p.open(m)
		p.refused(corrupted(m))
		p.wait("ms.sourceended")
		p.settle()
		is(p, "error events", p.fired("error"), 1)
		is(p, "loadedmetadata", p.fired("loadedmetadata"), 1)
		p.ok("readyState", p.e.ReadyState() > element.HaveNothing)
		is(p, "error", code(p.e), element.Decode)
	}},
	{id: "mediasource-invalid-codec/01", run: func(p *page) {
		data, ok := wptFile(p.t, "mp4/invalid-codec.mp4")
		if !ok {
			b := &msetest.Builder{Tracks: []msetest.BuilderTrack{{ID: 1, Timescale: 1000, Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.H264Config(64, 48), Format: "zzzz"}},
				Samples: []msetest.BuilderSample{{Dur: 1000, Key: true, Data: []byte("x")}}}}}
			data = append(b.Init(), b.Segment(1, 0, media.Forever, 1)...)
		}
		p.attach()
		p.sb = p.add(videoType, "sb.")
		p.refused(data)
	}},
	{id: "mediasource-invalid-codec/02", webm: true, run: func(p *page) {
		data, _ := wptFile(p.t, "webm/invalid-codec.webm")
		p.attach()
		p.sb = p.add(`video/webm; codecs="vp8"`, "sb.")
		p.refused(data)
	}},
	{id: "invalid-third-block/01", webm: true, run: func(p *page) {
		data, _ := wptFile(p.t, "webm/test-a-128k-44100Hz-1ch.webm")
		const firstClusterEnd, thirdBlock, noTrack = 0x12bd, 0x1016, 0x80
		data = data[:firstClusterEnd]
		data[thirdBlock] = noTrack
		p.attach()
		p.sb = p.add(`audio/webm;codecs="vorbis"`, "sb.")
		p.refused(data)
		is(p, "error events", p.fired("error"), 1)
	}},
}}

func (p *page) endsBeforeMetadata(reason mse.EndReason) {
	p.open(p.main())
	p.do(func() { p.end(reason) })
	p.failed()
	p.never("sb.error")
}

func (p *page) endsWithMetadata(reason mse.EndReason, want element.ErrorCode) {
	m := p.main()
	p.open(m)
	p.append(m.init)
	p.wait("loadedmetadata")
	p.do(func() { p.end(reason) })
	p.wait("ms.sourceended")
	p.idle(time.Second)
	is(p, "error events", p.fired("error"), 1)
	is(p, "error", code(p.e), want)
	is(p, "state", p.ms.ReadyState(), mse.Ended)
	p.never("sb.error", "ms.sourceclose")
}
