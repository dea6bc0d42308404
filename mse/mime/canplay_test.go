package mime_test

import (
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

func TestCanPlayType(t *testing.T) {
	s := mime.Support{
		Containers: []mime.Container{mime.ISOBMFF, mime.WebM, mime.MPEGAudio},
		Decodes:    func(id media.CodecID) bool { return id != media.HEVC },
	}
	for typ, want := range map[string]string{
		"":                         "",
		"nonsense":                 "",
		"application/octet-stream": "",
		`application/octet-stream; codecs="avc1.4d401f"`: "",
		"video/mp2t":                      "", // no parser
		"video/mp4":                       "maybe",
		"video/mp4;":                      "maybe",
		"video/mp4;codecs":                "maybe",
		"video/mp4;codecs=":               "maybe",
		`video/mp4;codecs=""`:             "maybe",
		"VIDEO/WebM":                      "maybe",
		"audio/mpeg":                      "maybe",
		`audio/mpeg; codecs="mp3"`:        "",
		`video/mp4; codecs="avc1.4d401f"`: "probably",
		`video/mp4; codecs="mp4a.40.2,avc1.4d401f"`:  "probably",
		`video/mp4; codecs="avc1.4d401f, mp4a.40.2"`: "probably",
		`video/webm; codecs="vp8"`:                   "probably",
		`video/mp4; codecs="bogus"`:                  "",
		`video/mp4; codecs="avc1.4d401f, bogus"`:     "",
		`video/mp4; codecs="hvc1.1.6.L93.B0"`:        "", // no decoder
		`audio/mp4; codecs="avc1.4d401f"`:            "", // a video codec
	} {
		if got := s.CanPlayType(typ); got != want {
			t.Errorf("%s: %q, want %q", typ, got, want)
		}
	}
}
