package mp2t

import "encoding/binary"

var be = binary.BigEndian

// Identifiers of tables and descriptors. ISO/IEC 13818-1 §2.4.4 and §2.6, ETSI EN 300 468 §6.
const (
	tablePAT = 0
	tablePMT = 2

	descRegistration = 0x05
	descLanguage     = 0x0a
	descVBITeletext  = 0x46
	descTeletext     = 0x56
	descSubtitling   = 0x59
	descAC3          = 0x6a
	descEAC3         = 0x7a
	descDTS          = 0x7b
	descExtension    = 0x7f
)

const (
	patPID  = 0
	nullPID = 0x1fff
	pidMask = 0x1fff

	// maxSectionBytes bounds a section of the tables that are read here.
	maxSectionBytes  = 1024
	sectionHeadBytes = 8
	crcBytes         = 4
)

// sections gathers the sections of one PID.
type sections struct {
	buf     [maxSectionBytes]byte
	n       int
	open    bool // a section has begun and is not complete
	cc      uint8
	bad     *int64 // counts sections with a wrong length or checksum
	private bool   // section_syntax_indicator is not set
}

// packet takes the payload of one packet and calls yield for every section that is complete and undamaged. The
// section is valid during the call.
// ISO/IEC 13818-1 §2.4.4.
func (s *sections) packet(b []byte, starts bool, cc uint8, yield func([]byte) error) error {
	follows := cc == (s.cc+1)&15
	s.cc = cc
	if !starts {
		if !s.open || !follows {
			s.open = false
			return nil
		}
		_, err := s.gather(b, yield)
		return err
	}
	if len(b) == 0 || 1+int(b[0]) > len(b) {
		*s.bad++
		s.open = false
		return nil
	}
	rest, next := b[1:1+b[0]], b[1+int(b[0]):]
	if s.open && follows {
		if _, err := s.gather(rest, yield); err != nil {
			return err
		}
	}
	const stuffing = 0xff
	for len(next) > 0 && next[0] != stuffing {
		s.open, s.n = true, 0
		var err error
		if next, err = s.gather(next, yield); err != nil {
			return err
		}
	}
	return nil
}

// gather adds b to the section that is open and returns what lies behind its end.
func (s *sections) gather(b []byte, yield func([]byte) error) ([]byte, error) {
	const lengthBytes = 3
	take := func(want int) bool {
		n := copy(s.buf[s.n:max(s.n, want)], b)
		s.n, b = s.n+n, b[n:]
		return s.n >= want
	}
	if !take(lengthBytes) {
		return nil, nil
	}
	size := lengthBytes + int(be.Uint16(s.buf[1:])&0xfff)
	if size > maxSectionBytes {
		*s.bad++
		s.open = false
		return nil, nil
	}
	if !take(size) {
		return nil, nil
	}
	s.open = false
	sec := s.buf[:size]
	if size < sectionHeadBytes+crcBytes || sec[1]&0x80 == 0 && !s.private || crc32(sec) != 0 {
		*s.bad++
		return b, nil
	}
	return b, yield(sec)
}

// crc32 is the checksum of sections; over a whole section it is 0. ISO/IEC 13818-1 Annex A.
func crc32(b []byte) uint32 {
	const poly = 0x04c11db7
	crc := ^uint32(0)
	for _, c := range b {
		crc ^= uint32(c) << 24
		for range 8 {
			carry := crc >> 31
			crc = crc<<1 ^ poly*carry
		}
	}
	return crc
}

// current reports whether a section applies now, not later.
func current(sec []byte) bool { return sec[5]&1 == 1 }

// firstProgram returns the number and the PID of the map of the first program that a PAT section lists.
// ISO/IEC 13818-1 §2.4.4.3.
func firstProgram(sec []byte) (number, pid uint16, ok bool) {
	const entryBytes = 4
	for b := sec[sectionHeadBytes : len(sec)-crcBytes]; len(b) >= entryBytes; b = b[entryBytes:] {
		if number = be.Uint16(b); number != 0 {
			return number, be.Uint16(b[2:]) & pidMask, true
		}
	}
	return 0, 0, false
}

// audioDescriptions is the audio type of commentary for who does not see. ISO/IEC 13818-1 §2.6.19.
const audioDescriptions = 3

// element is an entry of a program map: one elementary stream.
type element struct {
	pid      uint16
	typ      uint8
	language string
	role     string // see media.TrackInfo
	// registration is the format identifier of a registration descriptor, "" without one.
	registration string
	descs        []byte
}

// elements reads a program map section. msg says what is wrong with it, "" if nothing is.
// ISO/IEC 13818-1 §2.4.4.8.
func elements(sec []byte) (list []element, msg string) {
	const entryBytes = 5
	b := sec[sectionHeadBytes : len(sec)-crcBytes]
	if len(b) < 4 {
		return nil, "is too short for a program map"
	}
	info := int(be.Uint16(b[2:]) & 0xfff)
	if b = b[4:]; info > len(b) {
		return nil, "has program descriptors beyond its end"
	}
	for b = b[info:]; len(b) >= entryBytes; {
		e := element{typ: b[0], pid: be.Uint16(b[1:]) & pidMask}
		n := int(be.Uint16(b[3:]) & 0xfff)
		if b = b[entryBytes:]; n > len(b) {
			return nil, "has stream descriptors beyond its end"
		}
		e.descs, b = b[:n], b[n:]
		if d := e.descriptor(descRegistration); len(d) >= 4 {
			e.registration = string(d[:4])
		}
		if d := e.descriptor(descLanguage); len(d) >= 3 {
			e.language = language(string(d[:3]))
			if len(d) > 3 && d[3] == audioDescriptions {
				e.role = "descriptions"
			}
		}
		if list = append(list, e); len(list) > maxTracks {
			return nil, "lists too many streams"
		}
	}
	return list, ""
}

// descriptor returns the content of the first descriptor with that tag, nil if there is none.
func (e *element) descriptor(tag uint8) []byte {
	for b := e.descs; len(b) >= 2; {
		n := int(b[1])
		if 2+n > len(b) {
			return nil
		}
		if b[0] == tag {
			return b[2 : 2+n : 2+n]
		}
		b = b[2+n:]
	}
	return nil
}

// language is a language tag, "" for those that mean nothing.
func language(code string) string {
	for _, c := range []byte(code) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	if code == "und" || code == "qaa" {
		return ""
	}
	return code
}
