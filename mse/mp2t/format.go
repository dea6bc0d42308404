package mp2t

import (
	"mseplayer/mse/media"
)

// Formats in FFmpeg's naming that package media does not name.
const (
	codecMP1  media.CodecID = "mp1"
	codecLATM media.CodecID = "aac_latm"
)

// typePrivate is the stream type of private data, which descriptors describe.
const typePrivate = 0x06

// format says what an elementary stream holds and who cuts it into frames.
type format struct {
	kind      media.Kind
	encrypted bool
	splitter  func(*track, *element) splitter
	// refused is why it cannot be played, "" if it can.
	refused string
}

func newAVC(t *track, _ *element) splitter           { return &nalSplitter{t: t} }
func newHEVC(t *track, _ *element) splitter          { return &nalSplitter{t: t, hevc: true} }
func newADTS(t *track, _ *element) splitter          { return &soundSplitter{t: t, syntax: adts{}} }
func newMPEG(t *track, _ *element) splitter          { return &soundSplitter{t: t, syntax: mpegAudio{}} }
func newAC3(t *track, _ *element) splitter           { return &soundSplitter{t: t, syntax: ac3{}, joins: true} }
func newLATM(t *track, _ *element) splitter          { return &soundSplitter{t: t, syntax: &latm{}} }
func newOpusTS(t *track, e *element) splitter        { return &soundSplitter{t: t, syntax: newOpus(e)} }
func video(f func(*track, *element) splitter) format { return format{kind: media.Video, splitter: f} }
func sound(f func(*track, *element) splitter) format { return format{kind: media.Audio, splitter: f} }

func refused(kind media.Kind, what string) format {
	return format{kind: kind, refused: what + " in a transport stream is not supported"}
}

func encrypted(f format) format {
	f.encrypted = true
	return f
}

// formatOf tells what an elementary stream holds; ok is false for what is no picture, sound or text: metadata,
// cues, and private data that nothing describes.
// ISO/IEC 13818-1 §2.4.4.9, ETSI TS 101 154, ATSC A/53, RFC 8216 §3.2 and the stream types of "MPEG-2 Stream
// Encryption Format for HTTP Live Streaming".
func formatOf(e *element) (f format, ok bool) {
	switch e.typ {
	case 0x1b:
		return video(newAVC), true
	case 0x24:
		return video(newHEVC), true
	case 0x0f:
		return sound(newADTS), true
	case 0x11:
		return sound(newLATM), true
	case 0x03, 0x04:
		return sound(newMPEG), true
	case 0x81, 0x87:
		return sound(newAC3), true
	case 0xdb:
		return encrypted(video(newAVC)), true
	case 0xcf:
		return encrypted(sound(newADTS)), true
	case 0xc1, 0xc2:
		return encrypted(sound(newAC3)), true
	case typePrivate:
		return private(e)
	}
	if r, ok := otherTypes[e.typ]; ok {
		return refused(r.kind, r.name), true
	}
	return format{}, false
}

// private tells what a stream of private data holds, from its descriptors.
func private(e *element) (format, bool) {
	has := func(tag uint8) bool { return e.descriptor(tag) != nil }
	switch e.registration {
	case "Opus":
		return sound(newOpusTS), true
	case "HEVC":
		return video(newHEVC), true
	case "AC-3", "EAC3":
		return sound(newAC3), true
	case "AV01":
		return refused(media.Video, "AV1"), true
	case "DTS1", "DTS2", "DTS3":
		return refused(media.Audio, "DTS"), true
	}
	switch {
	case has(descAC3), has(descEAC3):
		return sound(newAC3), true
	case has(descDTS):
		return refused(media.Audio, "DTS"), true
	case has(descSubtitling):
		return refused(media.Text, "DVB subtitling"), true
	case has(descTeletext), has(descVBITeletext):
		return refused(media.Text, "teletext"), true
	}
	return format{}, false
}

// otherTypes lists the stream types of pictures and sound that are not cut into frames here.
var otherTypes = map[uint8]struct {
	kind media.Kind
	name string
}{
	0x01: {media.Video, "MPEG-1 video"}, 0x02: {media.Video, "MPEG-2 video"}, 0x10: {media.Video, "MPEG-4 visual"},
	0x1e: {media.Video, "auxiliary video"}, 0x21: {media.Video, "JPEG 2000"}, 0x32: {media.Video, "JPEG XS"},
	0x33: {media.Video, "VVC"}, 0x35: {media.Video, "EVC"}, 0x42: {media.Video, "AVS"}, 0xd2: {media.Video, "AVS2"},
	0xd1: {media.Video, "Dirac"}, 0xea: {media.Video, "VC-1"},
	0x1c: {media.Audio, "AAC without a transport syntax"}, 0x2d: {media.Audio, "MPEG-H"}, 0x2e: {media.Audio, "MPEG-H"},
	0x82: {media.Audio, "DTS"}, 0x83: {media.Audio, "TrueHD"}, 0x84: {media.Audio, "E-AC-3 or SDDS of Blu-ray"},
	0x85: {media.Audio, "DTS-HD"}, 0x88: {media.Audio, "DTS"}, 0x8a: {media.Audio, "DTS"},
}
