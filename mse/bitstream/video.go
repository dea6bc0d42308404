package bitstream

import "mseplayer/mse/media"

// sequence reads the first sequence header among the OBUs of b. AV1 bitstream specification §5.3 and §5.5.
func sequence(b []byte) *Facts {
	const header = 1
	for n := 0; n < maxUnits && len(b) > 0; n++ {
		typ, extended, sized := b[0]>>3&15, b[0]&4 != 0, b[0]&2 != 0
		if b = b[1:]; extended {
			if len(b) == 0 {
				return nil
			}
			b = b[1:]
		}
		size := len(b)
		if sized {
			var used int
			if size, used = leb128(b); used == 0 || size > len(b)-used {
				return nil
			}
			b = b[used:]
		}
		if typ == header {
			f := &Facts{Codec: media.AV1}
			if !f.av1(b[:size]) {
				return nil
			}
			return f
		}
		b = b[size:]
	}
	return nil
}

// leb128 reads a number of up to eight bytes with seven bits each. used is 0 when it is not whole or too large.
func leb128(b []byte) (v, used int) {
	for i := range min(5, len(b)) {
		v |= int(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

// av1 reads a sequence header.
func (f *Facts) av1(b []byte) bool {
	const maxPoints, tiered = 32, 7 // levels above have a tier
	r := NewReader(b)
	f.Profile = int(r.Bits(3))
	r.Skip(1) // still_picture
	reduced := r.Flag()
	if reduced {
		f.Level = int(r.Bits(5))
	} else {
		model, delay := false, 0
		if r.Flag() { // timing_info_present_flag
			r.Skip(64)
			if r.Flag() { // equal_picture_interval
				r.UE()
			}
			if model = r.Flag(); model {
				delay = int(r.Bits(5)) + 1
				r.Skip(32 + 5 + 5)
			}
		}
		display := r.Flag()
		for i := range min(maxPoints, int(r.Bits(5))+1) {
			r.Skip(12)
			level, high := int(r.Bits(5)), false
			if level > tiered {
				high = r.Flag()
			}
			if i == 0 {
				f.Level, f.HighTier = level, high
			}
			if model && r.Flag() {
				r.Skip(2*delay + 1)
			}
			if display && r.Flag() {
				r.Skip(4)
			}
		}
	}
	w, h := int(r.Bits(4))+1, int(r.Bits(4))+1
	f.Width, f.Height = int(r.Bits(w))+1, int(r.Bits(h))+1
	if !reduced && r.Flag() { // frame_id_numbers_present_flag
		r.Skip(4 + 3)
	}
	r.Skip(3) // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
	if !reduced {
		r.Skip(4)
		order := r.Flag()
		if order {
			r.Skip(2)
		}
		screen := true // seq_force_screen_content_tools is above 0
		if !r.Flag() {
			screen = r.Flag()
		}
		if screen && !r.Flag() { // seq_choose_integer_mv
			r.Skip(1)
		}
		if order {
			r.Skip(3)
		}
	}
	r.Skip(3) // enable_superres, enable_cdef, enable_restoration
	f.av1Color(&r)
	return !r.Overrun() && f.Profile <= 2
}

// av1Color reads the colour configuration. AV1 bitstream specification §5.5.2.
func (f *Facts) av1Color(r *Reader) {
	const bt709, srgb, identity = 1, 13, 0
	f.BitDepth = 8
	if r.Flag() { // high_bitdepth
		if f.BitDepth = 10; f.Profile == 2 && r.Flag() {
			f.BitDepth = 12
		}
	}
	mono := f.Profile != 1 && r.Flag()
	p, t, m := byte(2), byte(2), byte(2)
	told := r.Flag()
	if told {
		p, t, m = byte(r.Bits(8)), byte(r.Bits(8)), byte(r.Bits(8))
	}
	full, x, y := true, false, false
	switch {
	case mono:
		full, x, y = r.Flag(), true, true
	case p == bt709 && t == srgb && m == identity:
	default:
		full = r.Flag()
		switch {
		case f.Profile == 0:
			x, y = true, true
		case f.Profile == 2 && f.BitDepth == 12:
			if x = r.Flag(); x {
				y = r.Flag()
			}
		case f.Profile == 2:
			x = true
		}
	}
	f.Chroma = subsampling(mono, x, y)
	if told {
		f.Color = described(p, t, m, full)
	}
}

// vp9Frame reads the uncompressed header of a key frame. VP9 bitstream specification §6.2 and §7.2.
func vp9Frame(b []byte) *Facts {
	const marker, sync, rgb = 2, 0x498342, 7
	r := NewReader(b)
	if r.Bits(2) != marker {
		return nil
	}
	f := &Facts{Codec: media.VP9, Profile: int(r.Bits(1) | r.Bits(1)<<1), Level: -1, BitDepth: 8, Chroma: chromas[1]}
	if f.Profile == 3 {
		r.Skip(1)
	}
	if r.Bits(2) != 0 { // show_existing_frame, or no key frame
		return nil
	}
	r.Skip(2) // show_frame, error_resilient_mode
	if r.Bits(24) != sync {
		return nil
	}
	if f.Profile >= 2 {
		if f.BitDepth = 10; r.Flag() {
			f.BitDepth = 12
		}
	}
	odd := f.Profile&1 == 1 // may have other subsampling than 4:2:0
	space := r.Bits(3)
	switch {
	case space == rgb:
		f.Chroma = chromas[3]
		if odd {
			r.Skip(1)
		}
	default:
		r.Skip(1) // color_range
		if odd {
			x, y := r.Flag(), r.Flag()
			if f.Chroma = subsampling(false, x, y); y && !x {
				f.Chroma = "4:4:0"
			}
			r.Skip(1)
		}
	}
	f.Width, f.Height = int(r.Bits(16))+1, int(r.Bits(16))+1
	if r.Overrun() {
		return nil
	}
	return f
}
