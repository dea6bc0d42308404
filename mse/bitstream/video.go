package bitstream

import "mseplayer/mse/media"

// Limits of sequence parameter sets.
const (
	maxPictureSide = 1 << 15
	maxRefSets     = 64 // of HEVC
	maxRefPictures = 16
	maxDepth       = 16
)

// avc reads a sequence parameter set of H.264. ISO/IEC 14496-10 §7.3.2.1.1 and §E.1.1.
func (f *Facts) avc(nal []byte) bool {
	f.Profile, f.Flags[0], f.Level = int(nal[1]), nal[2], level(nal[1], nal[2], nal[3])
	r := bitReader{b: rbsp(nal[4:])}
	r.ue() // seq_parameter_set_id
	chroma, luma, depth := uint32(1), uint32(0), uint32(0)
	switch f.Profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		if chroma = r.ue(); chroma == 3 {
			r.skip(1)
		}
		luma, depth = r.ue(), r.ue()
		r.skip(1)
		if r.flag() { // seq_scaling_matrix_present_flag
			lists := 8
			if chroma == 3 {
				lists = 12
			}
			for i := range lists {
				if r.flag() {
					skipScalingList(&r, i)
				}
			}
		}
	}
	r.ue()          // log2_max_frame_num_minus4
	switch r.ue() { // pic_order_cnt_type
	case 0:
		r.ue()
	case 1:
		r.skip(1)
		r.se()
		r.se()
		for n := min(r.ue(), 255); n > 0; n-- {
			r.se()
		}
	}
	r.ue() // max_num_ref_frames
	r.skip(1)
	width, height := 16*(uint64(r.ue())+1), 16*(uint64(r.ue())+1)
	fields := uint64(1)
	if !r.flag() { // frame_mbs_only_flag
		fields = 2
		r.skip(1)
	}
	r.skip(1) // direct_8x8_inference_flag
	if !f.shape(&r, chroma, width, height*fields, fields) || !f.depth(luma, depth) {
		return false
	}
	if r.flag() { // vui_parameters_present_flag
		f.usability(&r)
	}
	return true
}

// depth takes over the bit depths, less 8.
func (f *Facts) depth(luma, chroma uint32) bool {
	if luma+8 > maxDepth || chroma+8 > maxDepth {
		return false
	}
	f.BitDepth = 8 + int(max(luma, chroma))
	return true
}

// shape reads the cropping and takes over the size.
func (f *Facts) shape(r *bitReader, chroma uint32, width, height, fields uint64) bool {
	var c [4]uint64
	if r.flag() {
		for i := range c {
			c[i] = uint64(r.ue())
		}
	}
	if int(chroma) >= len(chromas) || r.overrun || width > maxPictureSide || height > maxPictureSide {
		return false
	}
	unitX, unitY := uint64(1), fields
	if chroma == 1 || chroma == 2 {
		unitX = 2
	}
	if chroma == 1 {
		unitY *= 2
	}
	x, y := (c[0]+c[1])*unitX, (c[2]+c[3])*unitY
	if x >= width || y >= height {
		return false
	}
	f.Chroma, f.Width, f.Height = chromas[chroma], int(width-x), int(height-y)
	return true
}

// usability reads the colour description of the video usability information.
func (f *Facts) usability(r *bitReader) {
	const extended = 255
	if r.flag() && r.bits(8) == extended {
		r.skip(32)
	}
	if r.flag() { // overscan_info_present_flag
		r.skip(1)
	}
	if !r.flag() { // video_signal_type_present_flag
		return
	}
	r.skip(3)
	full := r.flag()
	if !r.flag() { // colour_description_present_flag
		return
	}
	if c := described(byte(r.bits(8)), byte(r.bits(8)), byte(r.bits(8)), full); !r.overrun {
		f.Color = c
	}
}

// skipScalingList passes over a scaling list. ISO/IEC 14496-10 §7.3.2.1.1.1.
func skipScalingList(r *bitReader, index int) {
	size := 16
	if index >= 6 {
		size = 64
	}
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			next = (last + r.se()) & 0xff
		}
		if next != 0 {
			last = next
		}
	}
}

// hevc reads a sequence parameter set of HEVC. ISO/IEC 23008-2 §7.3.2.2, §7.3.3 and §E.2.1.
func (f *Facts) hevc(nal []byte) bool {
	const headBytes, tierBytes = 2, 12
	b := rbsp(nal[headBytes:])
	if len(b) < 1+tierBytes {
		return false
	}
	r := bitReader{b: b}
	r.skip(4) // sps_video_parameter_set_id
	layers := int(r.bits(3))
	r.skip(1)
	f.tier(b[1 : 1+tierBytes])
	r.skip(8 * tierBytes)
	var profiles, levels [8]bool
	for i := range layers {
		profiles[i], levels[i] = r.flag(), r.flag()
	}
	if layers > 0 {
		r.skip(2 * (8 - layers))
	}
	for i := range layers {
		if profiles[i] {
			r.skip(88)
		}
		if levels[i] {
			r.skip(8)
		}
	}
	r.ue() // sps_seq_parameter_set_id
	chroma := r.ue()
	if chroma == 3 {
		r.skip(1)
	}
	width, height := uint64(r.ue()), uint64(r.ue())
	if !f.shape(&r, chroma, width, height, 1) || !f.depth(r.ue(), r.ue()) || r.overrun {
		return false
	}
	orderBits := int(min(r.ue(), 12)) + 4
	first := layers
	if r.flag() { // sps_sub_layer_ordering_info_present_flag
		first = 0
	}
	for range 3*(layers-first+1) + 6 { // sizes of buffers and blocks, and depths of the transform hierarchy
		r.ue()
	}
	if r.flag() { // scaling_list_enabled_flag
		if r.flag() { // sps_scaling_list_data_present_flag
			skipHEVCScaling(&r)
		}
	}
	r.skip(2)
	if r.flag() { // pcm_enabled_flag
		r.skip(8)
		r.ue()
		r.ue()
		r.skip(1)
	}
	if !skipRefSets(&r) {
		return true
	}
	if r.flag() { // long_term_ref_pics_present_flag
		n := r.ue()
		if n > 32 {
			return true
		}
		r.skip(int(n) * (orderBits + 1))
	}
	r.skip(2)
	if r.flag() { // vui_parameters_present_flag
		f.usability(&r)
	}
	return true
}

// skipHEVCScaling passes over scaling list data. ISO/IEC 23008-2 §7.3.4.
func skipHEVCScaling(r *bitReader) {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for matrix := 0; matrix < 6; matrix += step {
			if !r.flag() { // scaling_list_pred_mode_flag
				r.ue()
				continue
			}
			if size > 1 {
				r.se()
			}
			for range min(64, 1<<(4+2*size)) {
				r.se()
			}
		}
	}
}

// skipRefSets passes over the short-term reference picture sets. ISO/IEC 23008-2 §7.3.7.
func skipRefSets(r *bitReader) bool {
	n := r.ue()
	if n > maxRefSets {
		return false
	}
	pictures := uint32(0) // in the set before
	for i := range n {
		if i > 0 && r.flag() { // inter_ref_pic_set_prediction_flag
			r.skip(1)
			r.ue()
			kept := uint32(0)
			for range pictures + 1 {
				used := r.flag()
				if used || r.flag() { // used_by_curr_pic_flag, use_delta_flag
					kept++
				}
			}
			pictures = kept
		} else {
			negative, positive := r.ue(), r.ue()
			if negative > maxRefPictures || positive > maxRefPictures {
				return false
			}
			for range negative + positive {
				r.ue()
				r.skip(1)
			}
			pictures = negative + positive
		}
		if r.overrun || pictures > 2*maxRefPictures {
			return false
		}
	}
	return true
}

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
	r := bitReader{b: b}
	f.Profile = int(r.bits(3))
	r.skip(1) // still_picture
	reduced := r.flag()
	if reduced {
		f.Level = int(r.bits(5))
	} else {
		model, delay := false, 0
		if r.flag() { // timing_info_present_flag
			r.skip(64)
			if r.flag() { // equal_picture_interval
				r.ue()
			}
			if model = r.flag(); model {
				delay = int(r.bits(5)) + 1
				r.skip(32 + 5 + 5)
			}
		}
		display := r.flag()
		for i := range min(maxPoints, int(r.bits(5))+1) {
			r.skip(12)
			level, high := int(r.bits(5)), false
			if level > tiered {
				high = r.flag()
			}
			if i == 0 {
				f.Level, f.HighTier = level, high
			}
			if model && r.flag() {
				r.skip(2*delay + 1)
			}
			if display && r.flag() {
				r.skip(4)
			}
		}
	}
	w, h := int(r.bits(4))+1, int(r.bits(4))+1
	f.Width, f.Height = int(r.bits(w))+1, int(r.bits(h))+1
	if !reduced && r.flag() { // frame_id_numbers_present_flag
		r.skip(4 + 3)
	}
	r.skip(3) // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
	if !reduced {
		r.skip(4)
		order := r.flag()
		if order {
			r.skip(2)
		}
		screen := true // seq_force_screen_content_tools is above 0
		if !r.flag() {
			screen = r.flag()
		}
		if screen && !r.flag() { // seq_choose_integer_mv
			r.skip(1)
		}
		if order {
			r.skip(3)
		}
	}
	r.skip(3) // enable_superres, enable_cdef, enable_restoration
	f.av1Color(&r)
	return !r.overrun && f.Profile <= 2
}

// av1Color reads the colour configuration. AV1 bitstream specification §5.5.2.
func (f *Facts) av1Color(r *bitReader) {
	const bt709, srgb, identity = 1, 13, 0
	f.BitDepth = 8
	if r.flag() { // high_bitdepth
		if f.BitDepth = 10; f.Profile == 2 && r.flag() {
			f.BitDepth = 12
		}
	}
	mono := f.Profile != 1 && r.flag()
	p, t, m := byte(2), byte(2), byte(2)
	told := r.flag()
	if told {
		p, t, m = byte(r.bits(8)), byte(r.bits(8)), byte(r.bits(8))
	}
	full, x, y := true, false, false
	switch {
	case mono:
		full, x, y = r.flag(), true, true
	case p == bt709 && t == srgb && m == identity:
	default:
		full = r.flag()
		switch {
		case f.Profile == 0:
			x, y = true, true
		case f.Profile == 2 && f.BitDepth == 12:
			if x = r.flag(); x {
				y = r.flag()
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
	r := bitReader{b: b}
	if r.bits(2) != marker {
		return nil
	}
	f := &Facts{Codec: media.VP9, Profile: int(r.bits(1) | r.bits(1)<<1), Level: -1, BitDepth: 8, Chroma: chromas[1]}
	if f.Profile == 3 {
		r.skip(1)
	}
	if r.bits(2) != 0 { // show_existing_frame, or no key frame
		return nil
	}
	r.skip(2) // show_frame, error_resilient_mode
	if r.bits(24) != sync {
		return nil
	}
	if f.Profile >= 2 {
		if f.BitDepth = 10; r.flag() {
			f.BitDepth = 12
		}
	}
	odd := f.Profile&1 == 1 // may have other subsampling than 4:2:0
	space := r.bits(3)
	switch {
	case space == rgb:
		f.Chroma = chromas[3]
		if odd {
			r.skip(1)
		}
	default:
		r.skip(1) // color_range
		if odd {
			x, y := r.flag(), r.flag()
			if f.Chroma = subsampling(false, x, y); y && !x {
				f.Chroma = "4:4:0"
			}
			r.skip(1)
		}
	}
	f.Width, f.Height = int(r.bits(16))+1, int(r.bits(16))+1
	if r.overrun {
		return nil
	}
	return f
}
