#include "door.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/hwcontext.h>
#include <libavutil/imgutils.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/video_enc_params.h>

int door_configure(AVCodecContext *c, const uint8_t *extradata, int extradata_size, const door_config *cfg)
{
	if (extradata_size > 0) {
		c->extradata = av_mallocz((size_t)extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
		if (!c->extradata)
			return AVERROR(ENOMEM);
		memcpy(c->extradata, extradata, extradata_size);
		c->extradata_size = extradata_size;
	}
	if (cfg->width > 0 && cfg->height > 0) {
		c->width = cfg->width;
		c->height = cfg->height;
	}
	c->codec_tag = cfg->codec_tag;
	c->bits_per_coded_sample = cfg->bits;
	c->block_align = cfg->block_align;
	c->bit_rate = cfg->bit_rate;
	if (cfg->profile)
		c->profile = cfg->profile;
	if (cfg->format > 0) { // stored as 1 + FFmpeg's number, so that 0 means unknown
		if (c->codec_type == AVMEDIA_TYPE_VIDEO)
			c->pix_fmt = cfg->format - 1;
		else
			c->sample_fmt = cfg->format - 1;
	}
	if (cfg->channels > 0) {
		c->sample_rate = cfg->sample_rate;
		if (!cfg->mask || av_channel_layout_from_mask(&c->ch_layout, cfg->mask) < 0 || c->ch_layout.nb_channels != cfg->channels) {
			av_channel_layout_uninit(&c->ch_layout);
			av_channel_layout_default(&c->ch_layout, cfg->channels);
		}
	} else if (cfg->sample_rate > 0) {
		c->sample_rate = cfg->sample_rate;
	}
	c->has_b_frames = cfg->reorder;
	c->thread_count = cfg->threads;
	c->thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE;
	if (cfg->quantizers) {
		c->export_side_data |= AV_CODEC_EXPORT_DATA_VIDEO_ENC_PARAMS;
		c->thread_type = FF_THREAD_SLICE; // with frame threads they are told of pictures that others are still at
	}
	// Each picture carries the index of its packet; nothing is cut off sound or pictures behind our back.
	c->flags |= AV_CODEC_FLAG_COPY_OPAQUE;
	// Which H.264 pictures are good before an IDR picture is decided by the container's random access points.
	if (c->codec_id == AV_CODEC_ID_H264)
		c->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
	c->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
	c->apply_cropping = 0;
	return 0;
}

int door_packet(AVPacket *p, const uint8_t *data, int n, int64_t index, int key)
{
	int r = av_new_packet(p, n);
	if (r < 0)
		return r;
	if (data)
		memcpy(p->data, data, n);
	p->pts = p->dts = index;
	p->opaque = (void *)(intptr_t)index;
	p->flags = key ? AV_PKT_FLAG_KEY : 0;
	return 0;
}

int door_packet_side(AVPacket *p, int type, const uint8_t *data, int n)
{
	uint8_t *d = av_packet_new_side_data(p, type, n);
	if (!d)
		return AVERROR(ENOMEM);
	if (n > 0)
		memcpy(d, data, n);
	return 0;
}

int door_send(AVCodecContext *c, AVPacket *p)
{
	int r = avcodec_send_packet(c, p);
	if (r != AVERROR(EAGAIN))
		av_packet_unref(p);
	return r;
}

int door_send_data(AVCodecContext *c, AVPacket *p, const uint8_t *data, int n, int64_t index, int key)
{
	int r = door_packet(p, data, n, index, key);
	if (r < 0)
		return r;
	return door_send(c, p);
}

// rows_len is how many bytes of whole rows a plane really has behind its pointer, up to rows × stride.
static int rows_len(const AVFrame *f, int plane, int rows)
{
	const AVBufferRef *b;
	int64_t want, have;

	if (f->linesize[plane] <= 0 || !f->data[plane])
		return 0;
	b = av_frame_get_plane_buffer(f, plane);
	if (!b)
		return 0;
	want = (int64_t)f->linesize[plane] * rows;
	have = b->data + b->size - f->data[plane];
	if (have < want || want > INT_MAX)
		return 0;
	return (int)want;
}

void door_orientation(const int32_t *m, int *rotation, int *mirror)
{
	double a = m[0], b = m[1], c = m[3], d = m[4];
	double turn;

	*mirror = a * d - b * c < 0;
	if (*mirror) {
		a = -a;
		b = -b;
	}
	turn = a || b ? atan2(b, a) * 180 / M_PI : 0;
	*rotation = (int)((lrint(turn) % 360 + 360) % 360);
}

void door_mastering(const uint8_t *data, size_t size, float *peak, float *black)
{
	AVMasteringDisplayMetadata m;

	if (size < sizeof m)
		return;
	memcpy(&m, data, sizeof m);
	if (m.has_luminance && m.max_luminance.den > 0 && m.min_luminance.den > 0) {
		*peak = (float)av_q2d(m.max_luminance);
		*black = (float)av_q2d(m.min_luminance);
	}
}

void door_content_light(const uint8_t *data, size_t size, float *max_cll, float *max_fall)
{
	AVContentLightMetadata m;

	if (size < sizeof m)
		return;
	memcpy(&m, data, sizeof m);
	*max_cll = m.MaxCLL;
	*max_fall = m.MaxFALL;
}

// quantizer is the mean quantizer of a picture over its area, negative when the decoder does not tell it.
static double quantizer(const AVFrame *f)
{
	const AVFrameSideData *sd = av_frame_get_side_data(f, AV_FRAME_DATA_VIDEO_ENC_PARAMS);
	AVVideoEncParams *p;
	double sum = 0, area = 0;

	if (!sd)
		return -1;
	p = (AVVideoEncParams *)sd->data;
	if (p->type != AV_VIDEO_ENC_PARAMS_H264 && p->type != AV_VIDEO_ENC_PARAMS_VP9)
		return -1;
	for (unsigned i = 0; i < p->nb_blocks; i++) {
		const AVVideoBlockParams *b = av_video_enc_params_block(p, i);
		double size = (double)b->w * b->h;
		sum += size * (p->qp + b->delta_qp);
		area += size;
	}
	return fmax(0, area > 0 ? sum / area : p->qp);
}

void door_describe_picture(const AVFrame *f, door_picture *o)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
	const AVFrameSideData *sd;

	memset(o, 0, sizeof *o);
	o->pts = f->pts;
	o->opaque = (int64_t)(intptr_t)f->opaque;
	o->width = f->width;
	o->height = f->height;
	o->format = f->format;
	if (f->crop_left + f->crop_right < (size_t)f->width && f->crop_top + f->crop_bottom < (size_t)f->height) {
		o->crop_left = (int)f->crop_left;
		o->crop_right = (int)f->crop_right;
		o->crop_top = (int)f->crop_top;
		o->crop_bottom = (int)f->crop_bottom;
	}
	o->corrupt = f->decode_error_flags || (f->flags & AV_FRAME_FLAG_CORRUPT);
	o->unrecovered = !f->decode_error_flags && (f->flags & AV_FRAME_FLAG_CORRUPT);
	o->color_range = f->color_range;
	o->matrix = f->colorspace;
	o->primaries = f->color_primaries;
	o->transfer = f->color_trc;
	o->sar_num = f->sample_aspect_ratio.num;
	o->sar_den = f->sample_aspect_ratio.den;
	o->interlaced = !!(f->flags & AV_FRAME_FLAG_INTERLACED);
	o->top_first = !!(f->flags & AV_FRAME_FLAG_TOP_FIELD_FIRST);
	o->type = f->pict_type == AV_PICTURE_TYPE_NONE ? 0 : av_get_picture_type_char(f->pict_type);
	o->quantizer = quantizer(f);
	sd = av_frame_get_side_data(f, AV_FRAME_DATA_DISPLAYMATRIX);
	if (sd && sd->size >= 9 * sizeof(int32_t))
		door_orientation((const int32_t *)sd->data, &o->rotation, &o->mirror);
	o->siting = f->chroma_location;
	if ((sd = av_frame_get_side_data(f, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA)))
		door_mastering(sd->data, sd->size, &o->peak, &o->black);
	if ((sd = av_frame_get_side_data(f, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL)))
		door_content_light(sd->data, sd->size, &o->max_cll, &o->max_fall);
	for (int i = 0; d && i < 3; i++) {
		int rows = i == 0 ? f->height : AV_CEIL_RSHIFT(f->height, d->log2_chroma_h);
		o->data[i] = f->data[i];
		o->stride[i] = f->linesize[i];
		o->len[i] = rows_len(f, i, rows);
	}
}

void door_deinterlacer_reset(door_deinterlacer *d)
{
	avfilter_graph_free(&d->graph);
	av_frame_free(&d->held);
}

// deinterlacer_open makes the filter for pictures such as f.
static int deinterlacer_open(door_deinterlacer *d, const AVFrame *f)
{
	AVBufferSrcParameters *p = av_buffersrc_parameters_alloc();
	AVFilterContext *filter = NULL;
	int r = AVERROR(ENOMEM);

	d->graph = avfilter_graph_alloc();
	if (!d->graph || !p)
		goto end;
	d->graph->nb_threads = d->threads;
	d->source = avfilter_graph_alloc_filter(d->graph, avfilter_get_by_name("buffer"), "in");
	d->sink = avfilter_graph_alloc_filter(d->graph, avfilter_get_by_name("buffersink"), "out");
	if (!d->source || !d->sink)
		goto end;
	p->format = d->format = f->format;
	p->width = d->width = f->width;
	p->height = d->height = f->height;
	p->color_range = d->range = f->color_range;
	p->color_space = d->matrix = f->colorspace;
	p->sample_aspect_ratio = f->sample_aspect_ratio;
	p->time_base = av_make_q(1, 1);
	if ((r = av_buffersrc_parameters_set(d->source, p)) < 0 || (r = avfilter_init_str(d->source, NULL)) < 0 ||
		(r = avfilter_init_str(d->sink, NULL)) < 0 ||
		(r = avfilter_graph_create_filter(&filter, avfilter_get_by_name("bwdif"), NULL,
			 d->mode == DOOR_ALL ? "mode=send_frame:deint=all" : "mode=send_frame:deint=interlaced", NULL, d->graph)) < 0 ||
		(r = avfilter_link(d->source, 0, filter, 0)) < 0 || (r = avfilter_link(filter, 0, d->sink, 0)) < 0)
		goto end;
	r = avfilter_graph_config(d->graph, NULL);
end:
	av_free(p);
	if (r < 0)
		avfilter_graph_free(&d->graph);
	return r;
}

// fetch replaces a picture in the memory of hardware by a copy in ours.
static int fetch(AVFrame *f)
{
	AVFrame *t;
	int r;

	if (!f->hw_frames_ctx)
		return 0;
	if (!(t = av_frame_alloc()))
		return AVERROR(ENOMEM);
	r = av_hwframe_transfer_data(t, f, 0);
	if (r >= 0)
		r = av_frame_copy_props(t, f);
	if (r >= 0) {
		av_frame_unref(f);
		av_frame_move_ref(f, t);
	}
	av_frame_free(&t);
	return r;
}

int door_receive_video(AVCodecContext *c, door_deinterlacer *d, AVFrame *f, door_picture *out)
{
	int r;

	for (;;) {
		if (d->graph) {
			r = av_buffersink_get_frame(d->sink, f);
			if (r >= 0) {
				// The filter counts in half units, for those who want a picture of each field.
				if (f->pts != AV_NOPTS_VALUE)
					f->pts /= 2;
				break;
			}
			if (r != AVERROR(EAGAIN))
				avfilter_graph_free(&d->graph);
			if (r != AVERROR(EAGAIN) && r != AVERROR_EOF)
				return r;
		}
		if (!d->graph && d->held) {
			av_frame_move_ref(f, d->held);
			av_frame_free(&d->held);
		} else {
			r = avcodec_receive_frame(c, f);
			if (r == AVERROR_EOF && d->graph) {
				if ((r = av_buffersrc_add_frame(d->source, NULL)) < 0)
					return r;
				continue;
			}
			if (r < 0)
				return r;
			d->taken++;
			if ((r = fetch(f)) < 0)
				return r;
		}
		if (!d->graph && (d->mode == DOOR_WEAVE || (d->mode == DOOR_INTERLACED && !(f->flags & AV_FRAME_FLAG_INTERLACED))))
			break;
		if (d->graph && (d->format != f->format || d->width != f->width || d->height != f->height ||
					d->range != (int)f->color_range || d->matrix != (int)f->colorspace)) {
			if (!(d->held = av_frame_alloc()))
				return AVERROR(ENOMEM);
			av_frame_move_ref(d->held, f);
			if ((r = av_buffersrc_add_frame(d->source, NULL)) < 0)
				return r;
			continue;
		}
		if (!d->graph && deinterlacer_open(d, f) < 0) {
			break; // too small, or of a strange format: shown as it is
		}
		if ((r = av_buffersrc_add_frame(d->source, f)) < 0)
			return r;
	}
	door_describe_picture(f, out);
	return 0;
}

// hardware_format picks hardware where the decoder offers it, else the first format of ours, which is what remains when
// the hardware refuses.
static enum AVPixelFormat hardware_format(AVCodecContext *c, const enum AVPixelFormat *formats)
{
	const enum AVPixelFormat *p;

	(void)c;
	for (p = formats; *p != AV_PIX_FMT_NONE; p++)
		if (*p == AV_PIX_FMT_VAAPI)
			return *p;
	for (p = formats; *p != AV_PIX_FMT_NONE; p++)
		if (!(av_pix_fmt_desc_get(*p)->flags & AV_PIX_FMT_FLAG_HWACCEL))
			return *p;
	return AV_PIX_FMT_NONE;
}

int door_hardware(AVCodecContext *c)
{
	const AVCodecHWConfig *h;
	int r;

	for (int i = 0; (h = avcodec_get_hw_config(c->codec, i)); i++)
		if (h->device_type == AV_HWDEVICE_TYPE_VAAPI && h->methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX)
			break;
	if (!h)
		return AVERROR(ENOSYS);
	r = av_hwdevice_ctx_create(&c->hw_device_ctx, AV_HWDEVICE_TYPE_VAAPI, NULL, NULL, 0);
	if (r >= 0)
		c->get_format = hardware_format;
	return r;
}

static uint64_t layout_mask(const AVChannelLayout *l)
{
	return l->order == AV_CHANNEL_ORDER_NATIVE ? l->u.mask : 0;
}

int door_receive_audio(AVCodecContext *c, AVFrame *f, door_sound *o)
{
	const AVFrameSideData *sd;
	int r = avcodec_receive_frame(c, f);
	if (r < 0)
		return r;
	o->skip = 0;
	sd = av_frame_get_side_data(f, AV_FRAME_DATA_SKIP_SAMPLES);
	if (sd && sd->size >= 4)
		o->skip = (int)FFMIN(AV_RL32(sd->data), INT_MAX);
	o->pts = f->pts;
	o->opaque = (int64_t)(intptr_t)f->opaque;
	o->samples = f->nb_samples;
	o->rate = f->sample_rate;
	o->channels = f->ch_layout.nb_channels;
	o->mask = layout_mask(&f->ch_layout);
	o->format = f->format;
	o->corrupt = f->decode_error_flags || (f->flags & AV_FRAME_FLAG_CORRUPT);
	return 0;
}

#define COPY(type, expr)                                                                                 \
	for (int ch = 0; ch < channels; ch++) {                                                          \
		const type *s = planar ? (const type *)f->extended_data[ch] : (const type *)f->data[0] + ch; \
		float *d = dst + ch;                                                                     \
		int step = planar ? 1 : channels;                                                        \
		for (int i = 0; i < n; i++, s += step, d += channels)                                    \
			*d = (expr);                                                                     \
	}                                                                                                \
	break

int door_interleave(const AVFrame *f, float *dst)
{
	int channels = f->ch_layout.nb_channels, n = f->nb_samples;
	int planar = av_sample_fmt_is_planar(f->format);

	switch (av_get_packed_sample_fmt(f->format)) {
	case AV_SAMPLE_FMT_U8:
		COPY(uint8_t, ((int)*s - 128) * (1.0f / 128));
	case AV_SAMPLE_FMT_S16:
		COPY(int16_t, *s * (1.0f / 32768));
	case AV_SAMPLE_FMT_S32:
		COPY(int32_t, *s * (1.0f / 2147483648.0f));
	case AV_SAMPLE_FMT_S64:
		COPY(int64_t, *s * (1.0f / 9223372036854775808.0f));
	case AV_SAMPLE_FMT_FLT:
		if (!planar || channels == 1) {
			memcpy(dst, f->data[0], (size_t)n * channels * sizeof *dst);
			break;
		}
		COPY(float, *s);
	case AV_SAMPLE_FMT_DBL:
		COPY(double, (float)*s);
	default:
		return AVERROR(ENOSYS);
	}
	return 0;
}

void door_pixel_format(int format, door_format *o)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);
	int components, planar = 1;

	memset(o, 0, sizeof *o);
	o->layout = 4;
	if (!d) {
		strcpy(o->name, "none");
		return;
	}
	strncpy(o->name, d->name, sizeof o->name - 1);
	o->rgb = (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
	o->depth = d->comp[0].depth;
	if (d->flags & (AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER | AV_PIX_FMT_FLAG_FLOAT))
		return;
	// An alpha plane is left out: the first three planes are laid out as without it.
	components = d->nb_components - (d->flags & AV_PIX_FMT_FLAG_ALPHA ? 1 : 0);
	for (int i = 0; i < components; i++) {
		const AVComponentDescriptor *c = &d->comp[i];
		if (c->shift || c->offset || c->depth != o->depth || c->step != (o->depth > 8 ? 2 : 1))
			planar = 0;
	}
	if (!planar || o->depth > 16)
		return;
	if (components == 1 && d->comp[0].plane == 0) {
		o->layout = 2;
	} else if (components == 3 && (d->flags & AV_PIX_FMT_FLAG_RGB)) {
		if (d->comp[1].plane == 0 && d->comp[2].plane == 1 && d->comp[0].plane == 2)
			o->layout = 3;
	} else if (components == 3 && d->comp[0].plane == 0 && d->comp[1].plane == 1 && d->comp[2].plane == 2) {
		o->layout = 1;
		o->shift_x = d->log2_chroma_w;
		o->shift_y = d->log2_chroma_h;
		if (!strncmp(d->name, "yuvj", 4)) { // the full-range twin of a format has the same memory
			o->full_range = 1;
			memmove(o->name + 3, o->name + 4, strlen(o->name + 4) + 1);
		}
	}
	if (o->layout != 4 && (d->flags & AV_PIX_FMT_FLAG_ALPHA)) {
		if (!strncmp(o->name, "yuva", 4))
			memmove(o->name + 3, o->name + 4, strlen(o->name + 4) + 1);
		else if (!strncmp(o->name, "gbra", 4))
			memmove(o->name + 3, o->name + 4, strlen(o->name + 4) + 1);
	}
}

int door_repack(AVFrame *dst, const AVFrame *src)
{
	int r;

	if (dst->width != src->width || dst->height != src->height || dst->format != src->format || !dst->buf[0]) {
		av_frame_unref(dst);
		dst->width = src->width;
		dst->height = src->height;
		dst->format = src->format;
		r = av_frame_get_buffer(dst, 0);
		if (r < 0)
			return r;
	}
	return av_frame_copy(dst, src);
}

void door_scaler_free(door_scaler *s)
{
	sws_freeContext(s->sws);
	memset(s, 0, sizeof *s);
}

// coefficients picks swscale's table; unspecified is treated as BT.601, the same on both sides.
static const int *coefficients(int matrix)
{
	return sws_getCoefficients(matrix == AVCOL_SPC_UNSPECIFIED || matrix == AVCOL_SPC_RGB ? SWS_CS_DEFAULT : matrix);
}

int door_planar(int format)
{
	static const enum AVPixelFormat planar[] = {
		AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV411P, AV_PIX_FMT_YUV410P, AV_PIX_FMT_YUV440P,
		AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV422P10LE, AV_PIX_FMT_YUV444P10LE,
		AV_PIX_FMT_YUV420P12LE, AV_PIX_FMT_YUV422P12LE, AV_PIX_FMT_YUV444P12LE,
		AV_PIX_FMT_YUV420P16LE, AV_PIX_FMT_YUV422P16LE, AV_PIX_FMT_YUV444P16LE,
		AV_PIX_FMT_GRAY8, AV_PIX_FMT_GRAY10LE, AV_PIX_FMT_GRAY12LE, AV_PIX_FMT_GRAY16LE,
		AV_PIX_FMT_GBRP, AV_PIX_FMT_GBRP10LE, AV_PIX_FMT_GBRP12LE, AV_PIX_FMT_GBRP16LE, AV_PIX_FMT_NONE};

	return avcodec_find_best_pix_fmt_of_list(planar, format, 0, NULL);
}

int door_scale(door_scaler *s, AVFrame *dst, int dst_format, const AVFrame *src, int range, int src_matrix, int dst_matrix, int threads)
{
	int r, dst_range;

	if (!s->sws || s->width != src->width || s->height != src->height || s->format != src->format || s->range != range || s->matrix != src_matrix || s->dst_format != dst_format) {
		door_scaler_free(s);
		s->sws = sws_alloc_context();
		if (!s->sws)
			return AVERROR(ENOMEM);
		av_opt_set_int(s->sws, "srcw", src->width, 0);
		av_opt_set_int(s->sws, "srch", src->height, 0);
		av_opt_set_int(s->sws, "src_format", src->format, 0);
		av_opt_set_int(s->sws, "dstw", src->width, 0);
		av_opt_set_int(s->sws, "dsth", src->height, 0);
		av_opt_set_int(s->sws, "dst_format", dst_format, 0);
		av_opt_set_int(s->sws, "sws_flags", SWS_BICUBIC | SWS_ACCURATE_RND, 0);
		av_opt_set_int(s->sws, "threads", threads, 0);
		// The range of the pictures stays as it is unless RGB becomes YUV, which gives limited range.
		dst_range = src_matrix == AVCOL_SPC_RGB && dst_matrix != AVCOL_SPC_RGB ? 0 : range;
		av_opt_set_int(s->sws, "src_range", range, 0);
		av_opt_set_int(s->sws, "dst_range", dst_range, 0);
		r = sws_init_context(s->sws, NULL, NULL);
		if (r < 0) {
			door_scaler_free(s);
			return r;
		}
		sws_setColorspaceDetails(s->sws, coefficients(src_matrix == AVCOL_SPC_RGB ? dst_matrix : src_matrix), range,
			coefficients(dst_matrix), dst_range, 0, 1 << 16, 1 << 16);
		s->width = src->width;
		s->height = src->height;
		s->format = src->format;
		s->range = range;
		s->matrix = src_matrix;
		s->dst_format = dst_format;
	}
	if (dst->width != src->width || dst->height != src->height || dst->format != dst_format || !dst->buf[0]) {
		av_frame_unref(dst);
		dst->width = src->width;
		dst->height = src->height;
		dst->format = dst_format;
		r = av_frame_get_buffer(dst, 0);
		if (r < 0)
			return r;
	}
	r = sws_scale_frame(s->sws, dst, src);
	return r < 0 ? r : 0;
}

void door_fitter_free(door_fitter *s)
{
	sws_freeContext(s->sws);
	memset(s, 0, sizeof *s);
}

int door_fit(door_fitter *s, AVFrame *dst, int dst_width, int dst_height, int dst_format, int dst_range,
	const uint8_t *y, const uint8_t *u, const uint8_t *v, const int stride[3], int width, int height, int format, int range, int matrix)
{
	const uint8_t *data[4] = {y, u, v, NULL};
	const int strides[4] = {stride[0], stride[1], stride[2], 0};
	int r;

	if (!s->sws || s->width != width || s->height != height || s->format != format || s->range != range || s->matrix != matrix ||
		s->dst_width != dst_width || s->dst_height != dst_height || s->dst_format != dst_format || s->dst_range != dst_range) {
		door_fitter_free(s);
		s->sws = sws_alloc_context();
		if (!s->sws)
			return AVERROR(ENOMEM);
		av_opt_set_int(s->sws, "srcw", width, 0);
		av_opt_set_int(s->sws, "srch", height, 0);
		av_opt_set_int(s->sws, "src_format", format, 0);
		av_opt_set_int(s->sws, "dstw", dst_width, 0);
		av_opt_set_int(s->sws, "dsth", dst_height, 0);
		av_opt_set_int(s->sws, "dst_format", dst_format, 0);
		av_opt_set_int(s->sws, "sws_flags", SWS_BICUBIC | SWS_ACCURATE_RND, 0);
		av_opt_set_int(s->sws, "src_range", range, 0);
		av_opt_set_int(s->sws, "dst_range", dst_range, 0);
		// Chroma lies between the rows of luma; what lies elsewhere does so on both sides.
		av_opt_set_int(s->sws, "src_v_chr_pos", 128, 0);
		av_opt_set_int(s->sws, "dst_v_chr_pos", 128, 0);
		r = sws_init_context(s->sws, NULL, NULL);
		if (r < 0) {
			door_fitter_free(s);
			return r;
		}
		// The samples stay in the matrix that they are in: both sides are given the same one.
		sws_setColorspaceDetails(s->sws, coefficients(matrix), range, coefficients(matrix), dst_range, 0, 1 << 16, 1 << 16);
		s->width = width;
		s->height = height;
		s->format = format;
		s->range = range;
		s->matrix = matrix;
		s->dst_width = dst_width;
		s->dst_height = dst_height;
		s->dst_format = dst_format;
		s->dst_range = dst_range;
	}
	if (dst->width != dst_width || dst->height != dst_height || dst->format != dst_format || !dst->buf[0]) {
		av_frame_unref(dst);
		dst->width = dst_width;
		dst->height = dst_height;
		dst->format = dst_format;
		r = av_frame_get_buffer(dst, 0);
		if (r < 0)
			return r;
	}
	r = sws_scale(s->sws, data, strides, 0, height, dst->data, dst->linesize);
	return r < 0 ? r : 0;
}

static int layout_for(AVChannelLayout *l, int channels, uint64_t mask)
{
	if (mask && av_channel_layout_from_mask(l, mask) >= 0 && l->nb_channels == channels)
		return 0;
	av_channel_layout_uninit(l);
	av_channel_layout_default(l, channels);
	return l->order == AV_CHANNEL_ORDER_UNSPEC;
}

int door_resampler_open(SwrContext **s, int in_rate, int in_channels, uint64_t in_mask, int out_rate, int out_channels, uint64_t out_mask)
{
	AVChannelLayout in = {0}, out = {0};
	int plain = 0, r;

	plain |= layout_for(&in, in_channels, in_mask);
	plain |= layout_for(&out, out_channels, out_mask);
	r = swr_alloc_set_opts2(s, &out, AV_SAMPLE_FMT_FLT, out_rate, &in, AV_SAMPLE_FMT_FLT, in_rate, 0, NULL);
	if (r >= 0) {
		if ((plain || in_channels == 1) && in_channels != out_channels) {
			// Channels without meaning: the first ones go straight through, mono goes to every output.
			double *m = av_calloc((size_t)in_channels * out_channels, sizeof *m);
			if (!m) {
				r = AVERROR(ENOMEM);
			} else {
				for (int o = 0; o < out_channels; o++)
					m[o * in_channels + (in_channels == 1 ? 0 : o < in_channels ? o : in_channels - 1)] = 1;
				r = swr_set_matrix(*s, m, in_channels);
				av_free(m);
			}
		}
		if (r >= 0)
			r = swr_init(*s);
	}
	if (r < 0)
		swr_free(s);
	av_channel_layout_uninit(&in);
	av_channel_layout_uninit(&out);
	return r;
}

int door_resample(SwrContext *s, float *dst, int dst_samples, const float *src, int src_samples)
{
	uint8_t *out = (uint8_t *)dst;
	const uint8_t *in = (const uint8_t *)src;

	return swr_convert(s, dst_samples > 0 ? &out : NULL, dst_samples, src ? &in : NULL, src_samples);
}

uint64_t door_default_mask(int channels)
{
	AVChannelLayout l = {0};
	uint64_t m;

	av_channel_layout_default(&l, channels);
	m = layout_mask(&l);
	av_channel_layout_uninit(&l);
	return m;
}
