package element_test

import (
	"fmt"
	"os"
	"path/filepath"

	"mseplayer/mse"
	"mseplayer/mse/msetest"
	"mseplayer/player/element"
)

// trackLists are the lists of the player and of a SourceBuffer.
func (p *page) trackLists() []*mse.TrackList {
	return []*mse.TrackList{p.e.AudioTracks(), p.e.VideoTracks(), p.sb.AudioTracks(), p.sb.VideoTracks()}
}

// withTracks opens the main medium and appends its initialization segment.
func (p *page) withTracks() (audio, video *mse.Track) {
	p.t.Helper()
	m := p.main()
	p.open(m)
	p.start(m.init)
	p.wait("loadedmetadata")
	p.settle()
	return p.e.AudioTracks().At(0), p.e.VideoTracks().At(0)
}

// losesTracks does something that takes the tracks away and checks that it does.
func (p *page) losesTracks(act func()) {
	p.t.Helper()
	audio, video := p.withTracks()
	p.clear()
	p.do(act)
	p.settle()
	for _, e := range []string{"sb.audioTracks.removetrack", "sb.videoTracks.removetrack", "audioTracks.removetrack", "videoTracks.removetrack", "audioTracks.change", "videoTracks.change"} {
		is(p, e, p.fired(e), 1)
	}
	is(p, "sourceBuffers", p.ms.SourceBuffers().Len(), 0)
	for i, l := range p.trackLists() {
		is(p, fmt.Sprint("length of list ", i), l.Len(), 0)
	}
	is(p, "audio's sourceBuffer", audio.SourceBuffer(), nil)
	is(p, "video's sourceBuffer", video.SourceBuffer(), nil)
}

// activates adds SourceBuffers in one order, appends in another and checks activeSourceBuffers.
func activates(audioFirst, audioDataFirst bool) func(*page) {
	return func(p *page) {
		a, v := audioMedium(p.t), videoMedium(p.t)
		p.attach()
		var asb, vsb *mse.SourceBuffer
		if audioFirst {
			asb = p.add(a.typ, "a.")
			vsb = p.add(v.typ, "v.")
		} else {
			vsb = p.add(v.typ, "v.")
			asb = p.add(a.typ, "a.")
		}
		is(p, "active before", p.ms.ActiveSourceBuffers().Len(), 0)
		p.do(func() {
			if audioDataFirst {
				p.must(asb.AppendBuffer(a.all()))
				p.must(vsb.AppendBuffer(v.all()))
			} else {
				p.must(vsb.AppendBuffer(v.all()))
				p.must(asb.AppendBuffer(a.all()))
			}
		})
		p.wait("loadedmetadata")
		p.ok("addsourcebuffer", p.fired("active.addsourcebuffer") > 0)
		is(p, "active", p.ms.ActiveSourceBuffers().Len(), 2)
		for i := range 2 {
			is(p, "order", p.ms.ActiveSourceBuffers().At(i), p.ms.SourceBuffers().At(i))
		}
		first := vsb
		if audioFirst {
			first = asb
		}
		is(p, "order of adding", p.ms.SourceBuffers().At(0), first)
	}
}

// single is the row of one SourceBuffer with one file.
func single(m func(*page) medium) func(*page) {
	return func(p *page) {
		f := m(p)
		p.open(f)
		is(p, "sourceBuffers before", p.ms.SourceBuffers().Len(), 1)
		is(p, "active before", p.ms.ActiveSourceBuffers().Len(), 0)
		p.do(func() { p.start(f.all()) })
		p.wait("loadedmetadata")
		is(p, "addsourcebuffer", p.fired("active.addsourcebuffer"), 1)
		is(p, "active", p.ms.ActiveSourceBuffers().Len(), 1)
		is(p, "it", p.ms.ActiveSourceBuffers().At(0), p.sb)
	}
}

var wptTracks = wptArea{name: "tracks", rows: []wptRow{
	{id: "mediasource-avtracks/01", run: func(p *page) {
		audio, video := p.withTracks()
		for _, e := range []string{"sb.audioTracks.addtrack", "sb.videoTracks.addtrack", "audioTracks.addtrack", "videoTracks.addtrack", "sb.updateend"} {
			is(p, e, p.fired(e), 1)
		}
		for i, l := range p.trackLists() {
			is(p, fmt.Sprint("length of list ", i), l.Len(), 1)
		}
		is(p, "the same video track", p.sb.VideoTracks().At(0), video)
		is(p, "the same audio track", p.sb.AudioTracks().At(0), audio)
		for _, t := range []*mse.Track{audio, video} {
			is(p, "kind", t.Role(), "main")
			is(p, "language", t.Language(), "")
			is(p, "sourceBuffer", t.SourceBuffer(), p.sb)
			is(p, "on", t.Enabled(), true)
		}
		videoLabel, audioLabel := "VideoHandler", "SoundHandler"
		if p.webm {
			videoLabel, audioLabel = "", ""
		}
		is(p, "video label", video.Label(), videoLabel)
		is(p, "audio label", audio.Label(), audioLabel)
		is(p, "selectedIndex", p.e.VideoTracks().SelectedIndex(), 0)
		p.ok("identifiers differ", audio.ID() != video.ID() && p.e.VideoTracks().ByID(video.ID()) == video)
	}},
	{id: "mediasource-avtracks/02", run: func(p *page) {
		p.losesTracks(func() { p.must(p.ms.RemoveSourceBuffer(p.sb)) })
	}},
	{id: "mediasource-avtracks/03", run: func(p *page) { p.losesTracks(func() { p.e.SetSrc("") }) }},
	{id: "mediasource-avtracks/04", run: func(p *page) { p.losesTracks(func() { p.e.Load() }) }},
	{id: "mediasource-activesourcebuffers/01", run: single(func(p *page) medium { return audioMedium(p.t) })},
	{id: "mediasource-activesourcebuffers/02", run: single(func(p *page) medium { return videoMedium(p.t) })},
	{id: "mediasource-activesourcebuffers/03", run: activates(true, true)},
	{id: "mediasource-activesourcebuffers/04", run: activates(true, false)},
	{id: "mediasource-activesourcebuffers/05", run: activates(false, true)},
	{id: "mediasource-activesourcebuffers/06", run: activates(false, false)},
	{id: "mediasource-activesourcebuffers/07", run: func(p *page) {
		a, v := audioMedium(p.t), videoMedium(p.t)
		p.attach()
		asb, vsb := p.add(a.typ, "a."), p.add(v.typ, "v.")
		p.do(func() {
			p.must(asb.AppendBuffer(a.all()))
			p.must(vsb.AppendBuffer(v.all()))
		})
		p.wait("loadedmetadata")
		p.settle()
		active := p.ms.ActiveSourceBuffers()
		is(p, "active", active.Len(), 2)
		is(p, "audio tracks", asb.AudioTracks().Len(), 1)
		is(p, "video tracks", vsb.VideoTracks().Len(), 1)
		p.clear()
		p.do(func() { asb.AudioTracks().At(0).SetEnabled(false) })
		p.settle()
		p.only("active.removesourcebuffer", "active.addsourcebuffer", "active.removesourcebuffer")
		is(p, "active without audio", active.Len(), 1)
		is(p, "it", active.At(0), vsb)
		p.clear()
		p.do(func() {
			asb.AudioTracks().At(0).SetEnabled(true)
			vsb.VideoTracks().At(0).SetSelected(false)
		})
		p.settle()
		p.only("active.addsourcebuffer active.removesourcebuffer", "active.addsourcebuffer", "active.removesourcebuffer")
		is(p, "active without video", active.Len(), 1)
		is(p, "it", active.At(0), asb)
	}},
	{id: "mediasource-activesourcebuffers/08", run: func(p *page) {
		m := bothMedium(p.t)
		p.open(m)
		p.append(m.all())
		p.settle()
		p.clear()
		p.do(func() { p.sb.AudioTracks().At(0).SetEnabled(false) })
		p.settle()
		is(p, "active without audio", p.ms.ActiveSourceBuffers().Len(), 1)
		p.only("sb.audioTracks.change", "sb.audioTracks.change", "sb.videoTracks.change")
		p.do(func() {
			p.sb.AudioTracks().At(0).SetEnabled(true)
			p.sb.VideoTracks().At(0).SetSelected(false)
		})
		p.settle()
		is(p, "active without video", p.ms.ActiveSourceBuffers().Len(), 1)
		p.only("sb.audioTracks.change sb.audioTracks.change sb.videoTracks.change", "sb.audioTracks.change", "sb.videoTracks.change")
		p.never("active.addsourcebuffer", "active.removesourcebuffer")
	}},
}}

// addsText is one row of addTextTrack.
func addsText(kind, label, language string) func(*page) {
	return func(p *page) {
		t, err := p.e.AddTextTrack(kind, label, language)
		if err != nil {
			p.t.Error(err)
			return
		}
		is(p, "kind", t.Role(), kind)
		is(p, "label", t.Label(), label)
		is(p, "language", t.Language(), language)
		is(p, "mode", t.Mode(), mse.Hidden)
		cues, ok := t.Cues()
		is(p, "has a list of cues", ok, true)
		is(p, "cues", len(cues), 0)
		is(p, "sourceBuffer", t.SourceBuffer(), nil)
		is(p, "in the list", p.e.TextTracks().At(0), t)
		p.settle()
		is(p, "addtrack", p.fired("textTracks.addtrack"), 1)
	}
}

var wptText = wptArea{name: "texttrack", rows: []wptRow{
	{id: "html/media-elements/interfaces/HTMLMediaElement/addTextTrack/01", run: func(p *page) {
		for _, kind := range []string{"foo", "undefined", "null", "SUBTITLES", ""} {
			_, err := p.e.AddTextTrack(kind, "", "")
			p.throws(kind, err, mse.TypeError)
		}
		is(p, "tracks", p.e.TextTracks().Len(), 0)
	}},
	{id: "html/media-elements/interfaces/HTMLMediaElement/addTextTrack/02", run: addsText("subtitles", "", "")},
	{id: "html/media-elements/interfaces/HTMLMediaElement/addTextTrack/03", run: addsText("captions", "", "")},
	{id: "html/media-elements/interfaces/HTMLMediaElement/addTextTrack/04", run: addsText("descriptions", "", "")},
	{id: "html/media-elements/interfaces/HTMLMediaElement/addTextTrack/05", run: addsText("chapters", "", "")},
	{id: "html/media-elements/interfaces/HTMLMediaElement/addTextTrack/06", run: addsText("metadata", "", "")},
	{id: "html/media-elements/interfaces/HTMLMediaElement/addTextTrack/07", run: addsText("subtitles", "foo", "bar")},
	{id: "html/media-elements/interfaces/HTMLMediaElement/textTracks/01", run: func(p *page) {
		is(p, "the same object", p.e.TextTracks(), p.e.TextTracks())
		is(p, "length", p.e.TextTracks().Len(), 0)
	}},
	{id: "html/media-elements/interfaces/TextTrack/mode/02", run: func(p *page) {
		t, err := p.e.AddTextTrack("subtitles", "", "")
		p.must(err)
		for _, m := range []mse.TextMode{mse.Disabled, mse.Hidden, mse.Showing} {
			t.SetMode(m)
			is(p, "mode", t.Mode(), m)
		}
		is(p, "readyState", p.e.ReadyState(), element.HaveNothing)
	}},
	{id: "html/media-elements/track/track-remove-track-inband/01", run: func(p *page) {
		outside, err := p.e.AddTextTrack("subtitles", "outside", "")
		p.must(err)
		typ, data := msetest.TextType, []byte("init video h264 audio aac text webvtt dur=4\n")
		// The suite's own file is not among the media of its MSE tests.
		file := filepath.Join(os.Getenv("MSEPLAYER_MEDIA"), "content/mse/wpt/webm/test-vp8-vorbis-webvtt.webm")
		if b, err := os.ReadFile(file); err == nil && webmRuns() {
			typ, data = webmType, b
		}
		p.attach()
		p.sb = p.add(typ, "sb.")
		p.clear()
		p.append(data)
		p.wait("textTracks.addtrack")
		is(p, "tracks", p.e.TextTracks().Len(), 2)
		is(p, "the one in the file", p.e.TextTracks().At(1), p.sb.TextTracks().At(0))
		p.do(func() { p.e.SetSrc("") })
		p.settle()
		is(p, "tracks that are left", p.e.TextTracks().Len(), 1)
		is(p, "it", p.e.TextTracks().At(0), outside)
		p.never("textTracks.removetrack", "textTracks.change")
	}},
}}
