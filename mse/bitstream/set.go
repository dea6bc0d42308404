package bitstream

import "mseplayer/mse/media"

// Limits of sequence parameter sets.
const (
	maxPictureSide = 1 << 15
	maxRefSets     = 64 // of HEVC
	maxRefPictures = 16
	minDepth       = 8
	maxDepth       = 16
)

// Set is what a sequence parameter set of H.264 or HEVC says.
type Set struct {
	// Head is how the configuration record of MP4 begins: its version, profile, constraints and level.
	Head []byte
	// Chroma is as in mime.Codec, BitDepth that of luma and chroma, whichever is greater; zero where it is none that there
	// is.
	Chroma   string
	BitDepth int
	// Width and Height are without what is cropped.
	Width, Height int
	// SARNum:SARDen is the sample aspect ratio, 0:0 if unknown.
	SARNum, SARDen int
	Color          media.ColorInfo
	// Units/Scale seconds is the length of a field of H.264 and of a frame of HEVC, 0/0 if unknown.
	Units, Scale uint32

	// FrameOnly says that there are no fields; SeparatePlanes that each plane has slices of its own.
	FrameOnly, SeparatePlanes bool
	// OneReference says that no picture of H.264 refers to more than one other, FrameNumBits how long frame_num is.
	OneReference bool
	FrameNumBits int
}

// AVCSet reads a sequence parameter set of H.264 with the header of its NAL unit. ok is false if it is cut off before
// the size of the picture, or no such size can be. What cannot be read behind that stays unknown.
// ISO/IEC 14496-10 §7.3.2.1.1 and §E.1.1.
func AVCSet(nal []byte) (s Set, ok bool) {
	const headBytes = 4
	if len(nal) < headBytes {
		return s, false
	}
	profile := nal[1]
	s.Head = []byte{1, profile, nal[2], nal[3]}
	r := NewReader(AppendRBSP(nil, nal[headBytes:]))
	r.UE() // seq_parameter_set_id
	chroma := uint32(1)
	s.BitDepth = minDepth
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		if chroma = r.UE(); chroma == 3 {
			s.SeparatePlanes = r.Flag()
		}
		s.BitDepth = depth(r.UE(), r.UE())
		r.Skip(1)
		if r.Flag() { // seq_scaling_matrix_present_flag
			lists := 8
			if chroma == 3 {
				lists = 12
			}
			for i := range lists {
				if r.Flag() {
					skipScalingList(&r, i)
				}
			}
		}
	}
	s.FrameNumBits = int(min(r.UE(), 12)) + 4
	switch r.UE() { // pic_order_cnt_type
	case 0:
		r.UE()
	case 1:
		r.Skip(1)
		r.SE()
		r.SE()
		for n := min(r.UE(), 255); n > 0; n-- {
			r.SE()
		}
	}
	s.OneReference = r.UE() <= 1 // max_num_ref_frames
	r.Skip(1)
	width, height := 16*(uint64(r.UE())+1), 16*(uint64(r.UE())+1)
	s.FrameOnly = r.Flag()
	fields := uint64(1)
	if !s.FrameOnly {
		fields = 2
		r.Skip(1)
	}
	r.Skip(1) // direct_8x8_inference_flag
	if !s.shape(&r, chroma, width, height*fields, fields) {
		return s, false
	}
	if r.Flag() { // vui_parameters_present_flag
		s.usability(&r)
		s.timing(&r)
	}
	return s, true
}

// HEVCSet reads a sequence parameter set of HEVC as AVCSet does one of H.264.
// ISO/IEC 23008-2 §7.3.2.2, §7.3.3 and §E.2.1.
func HEVCSet(nal []byte) (s Set, ok bool) {
	const headBytes, tierBytes = 2, 12
	if len(nal) < headBytes+1+tierBytes {
		return s, false
	}
	b := AppendRBSP(nil, nal[headBytes:])
	if len(b) < 1+tierBytes {
		return s, false
	}
	s.Head, s.FrameOnly = append([]byte{1}, b[1:1+tierBytes]...), true
	r := NewReader(b)
	r.Skip(4) // sps_video_parameter_set_id
	layers := int(r.Bits(3))
	r.Skip(1 + 8*tierBytes)
	var profiles, levels [8]bool
	for i := range layers {
		profiles[i], levels[i] = r.Flag(), r.Flag()
	}
	if layers > 0 {
		r.Skip(2 * (8 - layers))
	}
	for i := range layers {
		if profiles[i] {
			r.Skip(88)
		}
		if levels[i] {
			r.Skip(8)
		}
	}
	r.UE() // sps_seq_parameter_set_id
	chroma := r.UE()
	if chroma == 3 {
		s.SeparatePlanes = r.Flag()
	}
	width, height := uint64(r.UE()), uint64(r.UE())
	if !s.shape(&r, chroma, width, height, 1) {
		return s, false
	}
	if d := depth(r.UE(), r.UE()); !r.Overrun() {
		s.BitDepth = d
	}
	if !skipHEVCTools(&r, layers) || !r.Flag() || r.Overrun() { // vui_parameters_present_flag
		return s, true
	}
	s.usability(&r)
	r.Skip(3)     // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
	if r.Flag() { // default_display_window_flag
		for range 4 {
			r.UE()
		}
	}
	if r.Overrun() {
		s.SARNum, s.SARDen = 0, 0
	}
	s.timing(&r)
	return s, true
}

// depth is the greater of two bit depths that are told less 8, 0 if it is none.
func depth(luma, chroma uint32) int {
	d := max(luma, chroma)
	if d > maxDepth-minDepth {
		return 0
	}
	return minDepth + int(d)
}

// shape reads the cropping and takes over the size, and checks that something remains.
func (s *Set) shape(r *Reader, chroma uint32, width, height, fields uint64) bool {
	var c [4]uint64
	if r.Flag() {
		for i := range c {
			c[i] = uint64(r.UE())
		}
	}
	unitX, unitY := uint64(1), fields
	if chroma == 1 || chroma == 2 {
		unitX = 2
	}
	if chroma == 1 {
		unitY *= 2
	}
	x, y := (c[0]+c[1])*unitX, (c[2]+c[3])*unitY
	if r.Overrun() || width > maxPictureSide || height > maxPictureSide || x >= width || y >= height {
		return false
	}
	if chroma < uint32(len(chromas)) {
		s.Chroma = chromas[chroma]
	}
	s.Width, s.Height = int(width-x), int(height-y)
	return true
}

// aspects is the table of sample aspect ratios. ISO/IEC 14496-10 table E-1.
var aspects = [...][2]int{{0, 0}, {1, 1}, {12, 11}, {10, 11}, {16, 11}, {40, 33}, {24, 11}, {20, 11}, {32, 11}, {80, 33},
	{18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3}, {3, 2}, {2, 1}}

// usability reads the video usability information up to where H.264 and HEVC go apart.
func (s *Set) usability(r *Reader) {
	const extended = 255
	if r.Flag() {
		switch i := r.Bits(8); {
		case i == extended:
			if n, d := int(r.Bits(16)), int(r.Bits(16)); n > 0 && d > 0 {
				s.SARNum, s.SARDen = reduce(n, d)
			}
		case int(i) < len(aspects):
			s.SARNum, s.SARDen = aspects[i][0], aspects[i][1]
		}
	}
	if r.Flag() { // overscan_info_present_flag
		r.Skip(1)
	}
	if r.Flag() { // video_signal_type_present_flag
		r.Skip(3)
		full := r.Flag()
		if r.Flag() { // colour_description_present_flag
			if c := described(byte(r.Bits(8)), byte(r.Bits(8)), byte(r.Bits(8)), full); !r.Overrun() {
				s.Color = c
			}
		}
	}
	if r.Flag() { // chroma_loc_info_present_flag
		r.UE()
		r.UE()
	}
}

// timing reads the length of a field or frame.
func (s *Set) timing(r *Reader) {
	if !r.Flag() { // timing_info_present_flag
		return
	}
	if units, scale := r.Bits(32), r.Bits(32); !r.Overrun() && units > 0 && scale > 0 {
		s.Units, s.Scale = units, scale
	}
}

// reduce divides two positive numbers by what divides both.
func reduce(a, b int) (int, int) {
	g, r := a, b
	for r != 0 {
		g, r = r, g%r
	}
	return a / g, b / g
}

// skipScalingList passes over a scaling list. ISO/IEC 14496-10 §7.3.2.1.1.1.
func skipScalingList(r *Reader, index int) {
	size := 16
	if index >= 6 {
		size = 64
	}
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			next = (last + r.SE()) & 0xff
		}
		if next != 0 {
			last = next
		}
	}
}

// skipHEVCTools passes over what stands between the bit depths and the video usability information. ok is false where
// that cannot be found.
func skipHEVCTools(r *Reader, layers int) (ok bool) {
	orderBits := int(min(r.UE(), 12)) + 4
	first := layers
	if r.Flag() { // sps_sub_layer_ordering_info_present_flag
		first = 0
	}
	for range 3*(layers-first+1) + 6 { // sizes of buffers and blocks, and depths of the transform hierarchy
		r.UE()
	}
	if r.Flag() { // scaling_list_enabled_flag
		if r.Flag() { // sps_scaling_list_data_present_flag
			skipHEVCScaling(r)
		}
	}
	r.Skip(2)
	if r.Flag() { // pcm_enabled_flag
		r.Skip(8)
		r.UE()
		r.UE()
		r.Skip(1)
	}
	if !skipRefSets(r) {
		return false
	}
	if r.Flag() { // long_term_ref_pics_present_flag
		n := r.UE()
		if n > 32 {
			return false
		}
		r.Skip(int(n) * (orderBits + 1))
	}
	r.Skip(2)
	return true
}

// skipHEVCScaling passes over scaling list data. ISO/IEC 23008-2 §7.3.4.
func skipHEVCScaling(r *Reader) {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for matrix := 0; matrix < 6; matrix += step {
			if !r.Flag() { // scaling_list_pred_mode_flag
				r.UE()
				continue
			}
			if size > 1 {
				r.SE()
			}
			for range min(64, 1<<(4+2*size)) {
				r.SE()
			}
		}
	}
}

// skipRefSets passes over the short-term reference picture sets. ISO/IEC 23008-2 §7.3.7.
func skipRefSets(r *Reader) bool {
	n := r.UE()
	if n > maxRefSets {
		return false
	}
	pictures := uint32(0) // in the set before
	for i := range n {
		if i > 0 && r.Flag() { // inter_ref_pic_set_prediction_flag
			r.Skip(1)
			r.UE()
			kept := uint32(0)
			for range pictures + 1 {
				used := r.Flag()
				if used || r.Flag() { // used_by_curr_pic_flag, use_delta_flag
					kept++
				}
			}
			pictures = kept
		} else {
			negative, positive := r.UE(), r.UE()
			if negative > maxRefPictures || positive > maxRefPictures {
				return false
			}
			for range negative + positive {
				r.UE()
				r.Skip(1)
			}
			pictures = negative + positive
		}
		if r.overrun || pictures > 2*maxRefPictures {
			return false
		}
	}
	return true
}
