package isobmff_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/bytestreamtest"
)

// TestInitSegment_Systems lists the protection systems that a moov names, with the keys they say they are for. What is
// damaged is passed over.
func TestInitSegment_Systems(t *testing.T) {
	const widevine, clearKey = "\xed\xef\x8b\xa9\x79\xd6\x4a\xce\xa3\xc8\x27\xdc\xd5\x1d\x21\xed", "\x10\x77\xef\xec\xc0\xb2\x4d\x02\xac\xe3\x3c\x1e\x52\xe2\xfb\x4b"
	kid := func(b byte) string { return strings.Repeat(string([]byte{b}), 16) }
	pssh := func(body string) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), "pssh"+body...)
	}
	init := msetest.Movie(msetest.MovieSpec{Length: 1}).Init()
	at := int(binary.BigEndian.Uint32(init)) // of the moov, behind the ftyp
	init = slices.Concat(init,
		pssh("\x00\x00\x00\x00"+widevine+"\x00\x00\x00\x02ab"),
		pssh("\x01\x00\x00\x00"+clearKey+"\x00\x00\x00\x02"+kid(1)+kid(2)+"\x00\x00\x00\x00"),
		pssh("\x01\x00\x00\x00"+clearKey+"\xff\xff\xff\xff"+kid(3)+"xy"),
		pssh("\x00\x00\x00\x00short"))
	binary.BigEndian.PutUint32(init[at:], uint32(len(init)-at))
	r := &bytestreamtest.Recorder{}
	if err := bytestreamtest.Feed(isobmff.New(isobmff.Options{}), r, init); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range r.Inits[0].Systems {
		got = append(got, fmt.Sprintf("%x %x", s.ID[:4], s.KIDs))
	}
	want := fmt.Sprintf("edef8ba9 [], 1077efec [%x %x], 1077efec [%x]", kid(1), kid(2), kid(3))
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}
