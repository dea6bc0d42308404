package webm_test

import (
	"fmt"
	"testing"

	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/webm"
)

// small is a short stream of three tracks with what initialization segments can say about them.
func small() []byte {
	video := track(7, 1, "V_VP9", el(idDefault, 40_000_000), el(idName, "Bild"), el(idLanguage, "und"), el(idPrivate, "\x01\x01\x02\x02\x01\x1f\x03\x01\x0a\x04\x01\x01"),
		picture(320, 240, el(idDisplayW, 4), el(idDisplayH, 3), el(idUnit, 3), el(idCropTop, 60),
			el(idColour, el(idPrim, 9), el(idTransfer, 16), el(idMatrix, 9), el(idRange, 2)),
			el(idProjection, el(idProjType, 0), el(idPitch, 0.0), el(idRoll, -90.0))))
	audio := opus(9, el(idName, "Ljud\x00\x00"), el(idLanguage, "eng"), el(idBCP47, "sv-FI"), el(idDelay, 6_500_000), el(idPreRoll, 80_000_000))
	text := track(11, 0x11, "D_WEBVTT/SUBTITLES", el(idLanguage, "swe"))
	return cat(header, endless(idSegment), el(idSeekHead, el(idSeek, el(idSeekID, raw(idCues)), el(idSeekAt, 999))), el(idVoid, make([]byte, 20)),
		el(idInfo, el(idScale, 1_000_000), el(idDuration, 200.0)), el(idTracks, video, audio, text), el(idTags, "tags"),
		clu(0, sb(9, 0, key, "\xf8one"), sb(7, 7, key, "\x80pic"), bg(blk(11, 10, 0, "1\n\nHej"), el(idBlockDur, 90)), sb(9, 21, key, "\xf8two"), sb(7, 47, 0, "\x86pic")),
		clu(87, sb(7, 0, key, "\x80pic"), sb(9, 0, key, "\xf8end"), bg(blk(9, 20, 0, "\xf8end"), el(idBlockDur, 7), el(idDiscard, "\x00\xcd\xfe\x60"))),
		el(idCues, "cues"))
}

// protected has a track for each way to wrap frames.
func protected() []byte {
	crypted := encoded(el(idEncType, 1), el(idEnc, el(idEncAlgo, 5), el(idKeyID, "0123456789abcdef"), el(idAES, el(idMode, 1))))
	return cat(head(
		vp8(1, crypted, el(idDefault, 40_000_000)),
		opus(2, crypted),
		vp8(3, stripped("head"), el(idDefault, 40_000_000)),
		track(4, 0x11, "S_VOBSUB", encoded(el(idScope, 3), el(idComp)), el(idPrivate, deflate("palette"))),
	), clu(0,
		sb(1, 0, key, "\x00clear"), sb(2, 0, key, "\x0112345678\xf8"), sb(3, 0, key, "tail"), bg(blk(4, 0, 0, deflate("text")), el(idBlockDur, 1000)),
		sb(2, 20, key, "\x0112345678\xf8"), sb(1, 40, 0, "\x0112345678whole"), sb(1, 80, 0, "\x0312345678\x01\x00\x00\x00\x02parts")))
}

// codecs is an initialization segment with a track of every format.
func codecs() []byte {
	const (
		avcC = "\x01\x64\x00\x28\xff\xe0\x00"
		hvcC = "\x01\x01\x60\x00\x00\x00\x90\x00\x00\x00\x00\x00\x5d\xf0\x00\xfc\xfd\xf8\xf8\x00\x00\x0f\x00"
	)
	info := make([]byte, 34)
	copy(info, "\x10\x00\x10\x00")
	copy(info[10:], "\x17\x70\x03\x70") // 96 kHz, 2 channels, 24 bits
	alac := "\x00\x00\x10\x00\x00\x18\x28\x0a\x0e\x06" + string(make([]byte, 10)) + "\x00\x01\x77\x00"
	var tracks [][]byte
	video := func(codec, private string, more ...[]byte) {
		if private != "" {
			more = append(more, el(idPrivate, private))
		}
		tracks = append(tracks, track(len(tracks)+1, 1, codec, picture(640, 360), cat(more...)))
	}
	audio := func(codec, private string, rate float64, channels int, more ...[]byte) {
		t := [][]byte{sound(rate, channels, more...)}
		if private != "" {
			t = append(t, el(idPrivate, private))
		}
		tracks = append(tracks, track(len(tracks)+1, 2, codec, t...))
	}
	text := func(typ int, codec, private string) {
		tracks = append(tracks, track(len(tracks)+1, typ, codec, el(idPrivate, private)))
	}
	video("V_VP8", "")
	video("V_VP9", "")
	video("V_VP9", "\x01\x01\x00\x02\x01\x14\x03\x01\x08")
	video("V_AV1", "\x81\x08\x0c\x00")
	video("V_MPEG4/ISO/AVC", avcC)
	video("V_MPEGH/ISO/HEVC", hvcC)
	video("V_MPEG4/ISO/ASP", "\x00\x00\x01\xb0\x01")
	video("V_MPEG1", "")
	video("V_MPEG2", "")
	video("V_FFV1", "")
	video("V_MS/VFW/FOURCC", "")
	audio("A_VORBIS", string(vorbisPrivate()), 44100, 1)
	audio("A_VORBIS", "\x02\x01\x01", 44100, 1)
	audio("A_OPUS", opusHead, 44100, 1)
	audio("A_FLAC", "fLaC\x80\x00\x00\x22"+string(info), 44100, 1)
	audio("A_ALAC", alac, 44100, 1)
	audio("A_AAC", "\x11\x90", 48000, 2)
	audio("A_AAC/MPEG4/LC", "", 44100, 2)
	audio("A_AAC/MPEG2/LC/SBR", "", 22050, 2)
	audio("A_AAC/MPEG4/MAIN", "", 12345, 8)
	audio("A_MPEG/L3", "", 44100, 2)
	audio("A_MPEG/L3", "", 22050, 2)
	audio("A_MPEG/L2", "", 48000, 2)
	audio("A_AC3", "", 48000, 6)
	audio("A_EAC3", "", 48000, 6)
	audio("A_DTS/EXPRESS", "", 48000, 6)
	audio("A_PCM/INT/LIT", "", 48000, 2, el(idDepth, 16))
	audio("A_PCM/INT/BIG", "", 48000, 1, el(idDepth, 24))
	audio("A_PCM/INT/LIT", "", 8000, 1, el(idDepth, 8))
	audio("A_PCM/FLOAT/IEEE", "", 48000, 2, el(idDepth, 32))
	audio("A_REAL/28_8", "", 8000, 1)
	text(0x11, "S_TEXT/WEBVTT", "WEBVTT")
	text(0x21, "D_WEBVTT/METADATA", "")
	text(0x11, "S_TEXT/UTF8", "")
	text(0x11, "S_TEXT/ASS", "[Script Info]")
	text(0x11, "S_HDMV/PGS", "")
	text(0x11, "S_IMAGE/BMP", "")
	return head(tracks...)
}

// live is a stream as live encoders write it: sizes are unknown, and the initialization segment comes again.
func live() []byte {
	init := head(vp8(1), opus(2))
	cluster := func(at int) (out []byte) {
		var blocks [][]byte
		for i := range 20 {
			flags := byte(0)
			if i == 0 {
				flags = key
			}
			blocks = append(blocks, sb(1, 40*i, flags, fmt.Sprintf("picture %d", at+40*i)), sb(2, 40*i, key, "\xfc"), sb(2, 40*i+20, key, "\xfc"))
		}
		return endless(idCluster, el(idTime, at), cat(blocks...))
	}
	return cat(init, cluster(0), init, cluster(800))
}

// TestGolden compares everything a handler hears about built streams with text files. UPDATE=1 writes them.
func TestGolden(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stream []byte
	}{
		{"small", small()},
		{"protected", protected()},
		{"codecs", codecs()},
		{"live", live()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := parse(webm.Options{Strict: true}, tt.stream)
			if err != nil {
				t.Fatal(err)
			}
			bytestreamtest.Golden(t, tt.name, r.Log.String())
		})
	}
}
