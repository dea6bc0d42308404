package mp2t

import (
	"fmt"
	"math"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

// Limits on sequence parameter sets.
const (
	maxPictureSide = 1 << 15
	maxRefSets     = 64 // of HEVC
	maxRefPictures = 16
)

// picture is what a sequence parameter set says about the pictures.
type picture struct {
	codec         media.CodecID
	record        []byte // the head of the decoder configuration record of MP4, which names profile and level
	width, height int
	sarNum,
	sarDen int
	frameTicks int64 // length of a frame, 0 if unknown

	// H.264: what one must know to tell fields from frames, and what the last access unit was.
	frameOnly, separatePlanes bool
	oneReference              bool // no picture refers to more than the reference picture before it
	frameNumBits              int
	field                     bool
}

// config makes the decoder configuration, but for the parameter sets.
func (p *picture) config() *media.DecoderConfig {
	return &media.DecoderConfig{
		Kind: media.Video, Codec: p.codec, CodecString: mime.CodecString(p.codec, "", p.record), Timescale: timescale,
		Width: p.width, Height: p.height, SARNum: p.sarNum, SARDen: p.sarDen,
	}
}

// crop takes away what is not shown, and checks that something remains.
func (p *picture) crop(width, height, left, right, top, bottom, unitX, unitY uint64) error {
	x, y := (left+right)*unitX, (top+bottom)*unitY
	if width > maxPictureSide || height > maxPictureSide || x >= width || y >= height {
		return fmt.Errorf("a picture of %dx%d without %d and %d", width, height, x, y)
	}
	p.width, p.height = int(width-x), int(height-y)
	return nil
}

// aspects is the table of sample aspect ratios. ISO/IEC 14496-10 table E-1.
var aspects = [...][2]int{{0, 0}, {1, 1}, {12, 11}, {10, 11}, {16, 11}, {40, 33}, {24, 11}, {20, 11}, {32, 11}, {80, 33},
	{18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3}, {3, 2}, {2, 1}}

// aspect reads the sample aspect ratio, and the colour description behind it, which the decoder reads itself.
func (p *picture) aspect(r *bitReader) {
	const extended = 255
	if r.flag() {
		switch i := r.bits(8); {
		case i == extended:
			if n, d := int(r.bits(16)), int(r.bits(16)); n > 0 && d > 0 {
				p.sarNum, p.sarDen = reduce(n, d)
			}
		case int(i) < len(aspects):
			p.sarNum, p.sarDen = aspects[i][0], aspects[i][1]
		}
	}
	if r.flag() { // overscan_info_present_flag
		r.skip(1)
	}
	if r.flag() { // video_signal_type_present_flag
		r.skip(4)
		if r.flag() { // colour_description_present_flag
			r.skip(24)
		}
	}
	if r.flag() { // chroma_loc_info_present_flag
		r.ue()
		r.ue()
	}
}

// timing reads the length of a frame of so many ticks of the codec's clock.
func (p *picture) timing(r *bitReader, perFrame uint64) {
	units, scale := uint64(r.bits(32)), uint64(r.bits(32))
	if r.overrun || units == 0 || scale == 0 {
		return
	}
	// A length that no stream of pictures has is a wrong one.
	if d := math.Round(float64(units*perFrame) * timescale / float64(scale)); d >= timescale/1000 && d <= 60*timescale {
		p.frameTicks = int64(d)
	}
}

// avcPicture reads a sequence parameter set of H.264 as far as it is of use here.
// ISO/IEC 14496-10 §7.3.2.1.1 and §E.1.1.
func avcPicture(nal []byte) (p picture, ok bool) {
	const fixedBytes = 4
	if len(nal) < fixedBytes {
		return p, false
	}
	p.codec = media.H264
	r := bitReader{b: rbsp(nil, nal[fixedBytes:])}
	profile := nal[1]
	p.record = []byte{1, nal[1], nal[2], nal[3]}
	r.ue() // seq_parameter_set_id
	chroma := uint32(1)
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		if chroma = r.ue(); chroma == 3 {
			p.separatePlanes = r.flag()
		}
		r.ue() // bit_depth_luma_minus8
		r.ue() // bit_depth_chroma_minus8
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
	p.frameNumBits = int(min(r.ue(), 12)) + 4
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
	p.oneReference = r.ue() <= 1 // max_num_ref_frames
	r.skip(1)
	width, height := 16*(uint64(r.ue())+1), 16*(uint64(r.ue())+1)
	p.frameOnly = r.flag()
	fields := uint64(1)
	if !p.frameOnly {
		fields = 2
		r.skip(1)
	}
	r.skip(1) // direct_8x8_inference_flag
	var c [4]uint64
	if r.flag() { // frame_cropping_flag
		for i := range c {
			c[i] = uint64(r.ue())
		}
	}
	unitX, unitY := uint64(1), fields
	if chroma == 1 || chroma == 2 {
		unitX = 2
	}
	if chroma == 1 {
		unitY *= 2
	}
	if r.overrun || p.crop(width, height*fields, c[0], c[1], c[2], c[3], unitX, unitY) != nil {
		return p, false
	}
	if r.flag() { // vui_parameters_present_flag
		p.aspect(&r)
		if r.flag() { // timing_info_present_flag
			p.timing(&r, 2)
		}
	}
	return p, true
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

// hevcPicture reads a sequence parameter set of HEVC as far as it is of use here.
// ISO/IEC 23008-2 §7.3.2.2, §7.3.3 and §E.2.1.
func hevcPicture(nal []byte) (p picture, ok bool) {
	const headBytes, ptlBytes = 2, 12
	if len(nal) < headBytes+1+ptlBytes {
		return p, false
	}
	p.codec, p.frameOnly = media.HEVC, true
	b := rbsp(nil, nal[headBytes:])
	r := bitReader{b: b}
	r.skip(4) // sps_video_parameter_set_id
	layers := int(r.bits(3))
	r.skip(1)
	if len(b) < 1+ptlBytes {
		return p, false
	}
	p.record = append([]byte{1}, b[1:1+ptlBytes]...)
	r.skip(8 * ptlBytes)
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
		p.separatePlanes = r.flag()
	}
	width, height := uint64(r.ue()), uint64(r.ue())
	var c [4]uint64
	if r.flag() { // conformance_window_flag
		for i := range c {
			c[i] = uint64(r.ue())
		}
	}
	unitX, unitY := uint64(1), uint64(1)
	if chroma == 1 || chroma == 2 {
		unitX = 2
	}
	if chroma == 1 {
		unitY = 2
	}
	if r.overrun || p.crop(width, height, c[0], c[1], c[2], c[3], unitX, unitY) != nil {
		return p, false
	}
	p.hevcTiming(&r, layers)
	return p, true
}

// hevcTiming goes on behind the size of the picture to the video usability information. What cannot be read leaves
// aspect and frame length unknown.
func (p *picture) hevcTiming(r *bitReader, layers int) {
	r.ue() // bit_depth_luma_minus8
	r.ue() // bit_depth_chroma_minus8
	orderBits := int(min(r.ue(), 12)) + 4
	first := layers
	if r.flag() { // sps_sub_layer_ordering_info_present_flag
		first = 0
	}
	for range layers - first + 1 {
		r.ue()
		r.ue()
		r.ue()
	}
	for range 6 { // sizes of blocks and depths of the transform hierarchy
		r.ue()
	}
	if r.flag() { // scaling_list_enabled_flag
		if r.flag() { // sps_scaling_list_data_present_flag
			skipHEVCScaling(r)
		}
	}
	r.skip(2)
	if r.flag() { // pcm_enabled_flag
		r.skip(8)
		r.ue()
		r.ue()
		r.skip(1)
	}
	if !skipRefSets(r) {
		return
	}
	if r.flag() { // long_term_ref_pics_present_flag
		n := r.ue()
		if n > 32 {
			return
		}
		r.skip(int(n) * (orderBits + 1))
	}
	r.skip(2)
	if !r.flag() || r.overrun { // vui_parameters_present_flag
		return
	}
	vui := *p
	vui.aspect(r)
	r.skip(3)     // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
	if r.flag() { // default_display_window_flag
		for range 4 {
			r.ue()
		}
	}
	if r.overrun {
		return
	}
	*p = vui
	if r.flag() { // vui_timing_info_present_flag
		p.timing(r, 1)
	}
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
