package mp2t_test

// Scenarios are streams with what the format allows, used by several tests.

const frameTicks = 3600 // 25 pictures a second

var (
	avcSets  = cat(avcSPS(320, 180, frameTicks, true), avcPPS(0))
	hevcSets = cat(new(bitWriter).bits(16, 0x0c01).nal(32<<1, 1), hevcSPS(322, 182, frameTicks), new(bitWriter).ue(0, 0).nal(34<<1, 1))
	english  = desc(0x0a, "eng\x00")
)

// picture makes an access unit of H.264 of two slices; a key picture has its parameter sets.
func picture(i, size int, key bool) []byte {
	if key {
		return cat(avcAUD, avcSets, avcSlice(5, 0, i, size), avcSlice(5, 40, i+1, size/2))
	}
	return cat(avcAUD, avcSlice(1, 0, i, size), avcSlice(1, 40, i+1, size/2))
}

// order is the presentation order of a group of pictures with bidirectional ones.
var order = []int64{0, 3, 1, 2, 6, 4, 5, 7}

// movie has pictures that are reordered and AAC frames that begin and end anywhere in their PES packets.
func movie(groups, size int) []byte {
	var m muxer
	m.tables(stream{0x1b, videoPID, nil}, stream{0x0f, soundPID, english})
	var sound []byte
	starts := map[int]int64{} // where frames begin in sound
	for i := range groups * len(order) * 2 {
		starts[len(sound)] = int64(i)
		sound = append(sound, adtsFrame(3, 2, i, 60+i%40)...)
	}
	at, done := 0, 0
	for g := range int64(groups) {
		if g > 0 {
			m.tables(stream{0x1b, videoPID, nil}, stream{0x0f, soundPID, english})
		}
		for i, o := range order {
			dts := (g*int64(len(order)) + int64(i)) * frameTicks
			pts := (g*int64(len(order)) + o + 1) * frameTicks
			m.video(90000+pts, 90000+dts, picture(int(g)*8+i, size, i == 0))
			// A portion of sound that does not respect frames; its time is that of the first frame that begins in it.
			end := min(at+150, len(sound))
			if done++; g == int64(groups)-1 && i == len(order)-1 {
				end = len(sound)
			}
			first := at
			for ; first < end; first++ {
				if _, ok := starts[first]; ok {
					break
				}
			}
			if first < end {
				m.sound(90000+starts[first]*1920, sound[at:end])
			} else {
				m.sound(untimed, sound[at:end])
			}
			at = end
		}
	}
	return m.b
}

// hevcOpus has HEVC with a leading picture, and Opus with trimming at both ends.
func hevcOpus() []byte {
	var m muxer
	m.tables(stream{0x24, videoPID, nil}, stream{0x06, soundPID, cat(desc(5, "Opus"), desc(0x7f, "\x80\x02"))})
	for i := range int64(6) {
		au := hevcNAL(1, true, int(i), 60)
		if i%3 == 0 {
			au = cat(hevcSets, hevcNAL(39, false, 0, 10), hevcNAL(21, true, int(i), 80), hevcNAL(21, false, int(i), 40), hevcNAL(40, false, 1, 5))
		}
		m.video(i*frameTicks+frameTicks, i*frameTicks, cat([]byte{0, 0, 0, 1, 35 << 1, 1, 0x50}, au))
		front, back := uint16(0), uint16(0)
		if i == 0 {
			front = 312
		}
		if i == 5 {
			back = 400
		}
		m.packets(soundPID, pesPacket(streamIDP, true, i*2*1800, untimed, cat(opusUnit(front, 0, int(i), 300), opusUnit(0, back, int(i), 40))))
	}
	return m.b
}

// sounds has a track of every audio format, in one program.
func sounds() []byte {
	var m muxer
	m.tables(
		stream{0x03, 0x200, nil}, stream{0x04, 0x201, nil}, stream{0x81, 0x202, nil}, stream{0x87, 0x203, nil}, stream{0x11, 0x204, nil},
		stream{0x06, 0x205, desc(0x6a, "\x00")}, stream{0x06, 0x206, desc(0x7a, "\x00")}, stream{0x06, 0x207, desc(5, "AC-3")}, stream{0x0f, 0x208, nil},
		stream{0xcf, 0x209, nil}, stream{0xc1, 0x20a, nil}, stream{0xc2, 0x20b, nil},
	)
	layout := new(bitWriter) // a program configuration: centre, left and right, low frequency
	layout.bits(3, 5).bits(4, 0).bits(2, 1).bits(4, 3).bits(4, 2).bits(4, 0).bits(4, 0).bits(2, 1).bits(3, 0).bits(4, 0).bits(3, 0)
	layout.bits(1, 0).bits(4, 0).bits(1, 1).bits(4, 0).bits(4, 0).bits(7, 0)
	for i := range 4 {
		t := int64(i) * 90000
		send := func(pid uint16, id uint8, frames ...[]byte) {
			m.packets(pid, pesPacket(id, true, t, untimed, cat(frames...)))
		}
		send(0x200, streamIDA, mp2Frame(i), mp2Frame(i+1))
		send(0x201, streamIDA, mp3Frame(i), mp3Frame(i+1), mp3Frame(i+2))
		send(0x202, streamIDP, ac3Frame(7, i), ac3Frame(7, i+1))
		send(0x203, streamIDP, eac3Frame(0, 0, i), eac3Frame(1, 0, i), eac3Frame(0, 0, i+1), eac3Frame(1, 0, i+1))
		send(0x204, streamIDA, latmFrame(i%2 == 0, i, 60), latmFrame(false, i, 70))
		send(0x205, streamIDP, ac3Frame(2, i))
		send(0x206, streamIDP, eac3Frame(0, 0, i))
		send(0x207, streamIDP, ac3Frame(1, i))
		explicit := adtsFrame(3, 0, i, 80)
		copy(explicit[7:], layout.b)
		send(0x208, streamIDA, explicit)
		send(0x209, streamIDA, adtsFrame(4, 1, i, 100))
		send(0x20a, streamIDP, ac3Frame(0, i))
		send(0x20b, streamIDP, eac3Frame(0, 0, i))
	}
	return m.b
}

// changes has a new size of pictures at a random access point, sound that changes its channels, another program map,
// the first map again, and streams that cannot be played.
func changes() []byte {
	var m muxer
	av := []stream{{0x1b, videoPID, nil}, {0x0f, soundPID, nil}}
	put := func(i int64, sets []byte, channels byte) {
		t := 1<<33 - 5*frameTicks + i*frameTicks // rolls over after five pictures
		au := cat(avcAUD, avcSlice(1, 0, int(i), 90))
		if sets != nil {
			au = cat(avcAUD, sets, avcSlice(5, 0, int(i), 120))
		}
		m.video(t, untimed, au)
		m.sound(t, cat(adtsFrame(3, channels, int(i), 50), adtsFrame(3, channels, int(i), 51)))
	}
	large := cat(avcSPS(640, 360, frameTicks, true), avcPPS(0), avcPPS(0), avcPPS(1))
	m.tables(av...)
	put(0, avcSets, 2)
	put(1, nil, 2)
	put(2, avcSets, 2)
	put(3, large, 2)
	put(4, nil, 1)
	put(5, large, 1)
	m.section(0, patSection(1, 1, mapPID))
	m.section(mapPID, pmtSection(1, 1, stream{0xdb, videoPID, nil}, stream{0xcf, soundPID, nil}, stream{0x02, 0x300, nil}, stream{0x06, 0x301, desc(0x59, "deu\x10\x00\x01\x00\x01")},
		stream{0x06, 0x302, desc(0x56, "fin\x08\x00")}, stream{0x15, 0x303, nil}, stream{0x86, 0x304, nil}, stream{0x06, 0x305, nil}, stream{0x82, 0x306, english}))
	put(6, large, 1)
	put(7, nil, 1)
	m.section(mapPID, pmtSection(2, 1, av...))
	put(8, avcSets, 2)
	put(9, nil, 2)
	return m.b
}

// untidy has access units without delimiters, several of them in a PES packet, one that spreads over two, fields,
// recovery points, and units without time stamps.
func untidy() []byte {
	var m muxer
	m.tables(stream{0x1b, videoPID, nil})
	sets := cat(avcSPS(320, 192, frameTicks, false), avcPPS(0))
	m.video(7200, 3600, cat(sets, avcField(5, 0, 60), avcField(1, 1, 40))) // not one access unit: the first slices of two fields
	long := cat(recovery(0), avcSlice(1, 0, 3, 80), avcSlice(1, 9, 3, 20))
	m.video(10800, 7200, cat(avcSlice(1, 0, 2, 50), long[:60]))
	m.video(untimed, untimed, long[60:])
	m.video(18000, 14400, cat(recovery(3), avcSlice(1, 0, 4, 30)))
	m.video(21600, 18000, cat(sets, recovery(0), avcSlice(1, 0, 5, 30), []byte{0, 0, 0, 1, 10, 0, 0, 1, 12, 0xff, 0x80, 0, 0}))
	return m.b
}

// tablesLast has two pictures before the tables.
func tablesLast() []byte {
	var m muxer
	m.video(3600, untimed, picture(1, 100, true))
	m.video(7200, untimed, picture(2, 100, false))
	m.tables(stream{0x1b, videoPID, nil})
	m.video(10800, untimed, picture(3, 100, false))
	return m.b
}

// scenarios are all of the above.
var scenarios = []struct {
	name string
	b    []byte
}{
	{"movie", movie(2, 120)}, {"hevc-opus", hevcOpus()}, {"sounds", sounds()}, {"changes", changes()}, {"untidy", untidy()}, {"tables-last", tablesLast()},
}
