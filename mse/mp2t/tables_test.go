package mp2t_test

import (
	"fmt"
	"testing"
)

// TestTables lists what can follow the tables of a program with one picture, with the tracks of the initialization
// segments.
func TestTables(t *testing.T) {
	long := []stream{videoOnly}
	for i := range uint16(20) {
		long = append(long, stream{0x81, 0x200 + i, cat(english, desc(0x52, "0123456789"))})
	}
	for _, tt := range []struct {
		name string
		more func(m *muxer)
		want string
	}{
		{"nothing", func(*muxer) {}, "[256]"},
		{"the same", func(m *muxer) { m.tables(videoOnly) }, "[256]"},
		{"another version of the same", func(m *muxer) {
			m.section(0, patSection(7, 1, mapPID))
			m.section(mapPID, pmtSection(7, 1, videoOnly))
		}, "[256]"},
		{"another network", func(m *muxer) { m.section(0, patSection(1, 0, mapPID)) }, "[256]"},
		{"map of another PID, of the same", func(m *muxer) {
			m.section(0, patSection(1, 1, 0x1001))
			m.section(0x1001, pmtSection(0, 1, videoOnly))
			m.section(mapPID, pmtSection(1, 1, stream{0x1b, 0x300, nil})) // nobody listens
		}, "[256]"},
		{"map of another PID, of another program", func(m *muxer) {
			m.section(0, patSection(1, 9, 0x1001))
			m.section(0x1001, pmtSection(0, 9, stream{0x1b, 0x300, nil}))
			m.packets(0x300, pesPacket(streamIDV, false, 7200, untimed, picture(1, 20, true)))
		}, "[256] [768]"},
		{"another language", func(m *muxer) {
			m.section(mapPID, pmtSection(1, 1, stream{0x1b, videoPID, english}))
			m.video(7200, untimed, picture(1, 20, true))
		}, "[256] [256 eng]"},
		{"sound that describes", func(m *muxer) {
			m.section(mapPID, pmtSection(1, 1, videoOnly, stream{0x0f, soundPID, desc(0x0a, "deu\x03")}))
			m.video(7200, untimed, picture(1, 20, true))
		}, "[256] [256 257 deu descriptions]"},
		{"language of no letters", func(m *muxer) {
			m.section(mapPID, pmtSection(1, 1, stream{0x1b, videoPID, desc(0x0a, "1\x002\x00")}))
		}, "[256]"},
		{"other data that is passed over", func(m *muxer) {
			m.section(mapPID, pmtSection(1, 1, videoOnly, stream{0x15, 0x300, nil}, stream{0x06, 0x301, desc(5, "KLVA")}))
		}, "[256]"},
		{"private data with other descriptors", func(m *muxer) {
			m.section(mapPID, pmtSection(1, 1, videoOnly, stream{0x06, soundPID, desc(0x56, "deu\x08\x00")}))
			m.video(7200, untimed, picture(1, 20, true))
			m.section(mapPID, pmtSection(2, 1, videoOnly, stream{0x06, soundPID, desc(0x59, "deu\x10\x00\x01\x00\x01")}))
			m.video(10800, untimed, picture(1, 20, true))
		}, "[256] [256 257] [256 257]"},
		{"other formats by registration", func(m *muxer) {
			m.section(mapPID, pmtSection(1, 1, videoOnly, stream{0x06, 0x301, desc(5, "AV01")}, stream{0x06, 0x302, desc(5, "DTS1")}, stream{0x06, 0x303, desc(0x7b, "\x00")},
				stream{0x06, 0x304, desc(0x46, "deu\x08\x00")}))
			m.video(7200, untimed, picture(1, 20, true))
		}, "[256] [256 769 770 771 772]"},
		{"a map of several packets", func(m *muxer) {
			m.section(mapPID, pmtSection(1, 1, long...))
			m.video(7200, untimed, picture(1, 20, true))
			for i := range uint16(20) {
				m.packets(0x200+i, pesPacket(streamIDP, true, 7200, untimed, cat(ac3Frame(7, 0), ac3Frame(7, 1))))
			}
		}, "[256] [256 512 eng 513 eng 514 eng 515 eng 516 eng 517 eng 518 eng 519 eng 520 eng 521 eng 522 eng 523 eng 524 eng 525 eng 526 eng 527 eng 528 eng 529 eng 530 eng 531 eng]"},
		{"a map that loses a packet", func(m *muxer) {
			at := len(m.b) + packetSize
			m.section(mapPID, pmtSection(1, 1, long...))
			m.b = append(m.b[:at], m.b[at+packetSize:]...)
		}, "[256]"},
		{"two sections in a packet, one over a border", func(m *muxer) {
			a, b := pmtSection(1, 1, videoOnly), pmtSection(2, 1, long...)
			m.packets(mapPID, cat([]byte{0}, a, b[:payloadMax-1-len(a)]))
			rest := b[payloadMax-1-len(a):]
			for len(rest) > 100 {
				n := min(len(rest)-100, payloadMax)
				m.packets(mapPID, rest[:n])
				m.b[len(m.b)-packetSize+1] &^= 0x40
				rest = rest[n:]
			}
			c := pmtSection(3, 1, videoOnly)
			m.packets(mapPID, cat([]byte{byte(len(rest))}, rest, c))
			m.video(7200, untimed, picture(1, 20, true))
		}, "[256] [256]"},
		{"a section longer than any", func(m *muxer) {
			m.packets(mapPID, []byte{0, 2, 0xbf, 0xff, 0, 1, 0xc1, 0, 0})
		}, "[256]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m muxer
			m.tables(videoOnly)
			m.video(3600, untimed, picture(0, 20, true))
			tt.more(&m)
			r, _, err := parse(m.b)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for i, s := range r.Inits {
				if i > 0 {
					got += " "
				}
				var ids []any
				for _, track := range s.Tracks {
					ids = append(ids, track.ID)
					for _, s := range []string{track.Language, track.Role} {
						if s != "" {
							ids = append(ids, s)
						}
					}
				}
				got += fmt.Sprint(ids)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
