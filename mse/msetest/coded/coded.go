// Package coded has what encoders wrote, for tests of what reads it. Constants and no state; nothing here returns an error.
package coded

import (
	"encoding/hex"
	"testing"
)

// What encoders wrote, in hexadecimal: sequence parameter sets, sequence headers and key frames of pictures of 350x198, but
// for those of 720x576.
const (
	AVCBaseline = "6742c00dda0586fa9b011000000300100000030320f142aa"
	AVC422PQ    = "677a000db6cd94161bea2f016a122012800000030080000019078a14cb"
	AVCFields   = "6764001eacd940b424d80b50101014000003000400000300c87c50a658" // 720x576
	HEVCMain    = "42010101600000030090000003000003003ca00b080d1d4d965654a4c2f0168080000003008000000c84"
	HEVC10PQ    = "420101222000000300900000030000030099a00b080c9d5365959a4932bc05a84880482000000300200000030321"
	HEVCRextHLG = "4201010408000003009e0800000300003c90016101a3b8bcb2b2a5261780b5091209040000030004000003006420"
	AV1Main     = "12000a0b000000043d7714daf9004032e61f1400a0b010d8"
	AV1HighHLG  = "12000a0d200000043d7714daf96122412232ec521400a0c8"
	VP9Plain    = "824983420015d00c560638241c18"
	VP9Profile3 = "b124c1a12a00ae8062b031c120e0"
)

// Unhex reads a number in hexadecimal.
func Unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
