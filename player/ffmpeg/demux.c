#include "demux.h"
#include "door.h"
#include "_cgo_export.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include <libavutil/display.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/opt.h>

enum { io_buffer = 64 << 10 };

static int io_read(void *opaque, uint8_t *buf, int n)
{
	return doorRead((uintptr_t)opaque, buf, n);
}

static int64_t io_seek(void *opaque, int64_t offset, int whence)
{
	return doorSeek((uintptr_t)opaque, offset, whence);
}

// A file may name further files; nothing but the bytes that were given is ever opened.
static int io_refuse(AVFormatContext *s, AVIOContext **pb, const char *url, int flags, AVDictionary **options)
{
	(void)s, (void)url, (void)flags, (void)options;
	*pb = NULL;
	return AVERROR(EACCES);
}

static int interrupted(void *opaque)
{
	return doorInterrupted((uintptr_t)opaque);
}

int door_open(door_demuxer *d, uintptr_t handle, int seekable, const char *name, int *step)
{
	uint8_t *buf;
	int r;

	memset(d, 0, sizeof *d);
	d->handle = handle;
	*step = 0;
	d->packet = av_packet_alloc();
	buf = av_malloc(io_buffer);
	if (!buf || !d->packet)
		goto memory;
	d->io = avio_alloc_context(buf, io_buffer, 0, (void *)handle, io_read, NULL, seekable ? io_seek : NULL);
	if (!d->io)
		goto memory;
	buf = NULL;
	d->s = avformat_alloc_context();
	if (!d->s)
		goto memory;
	d->s->pb = d->io;
	d->s->io_open = io_refuse;
	d->s->interrupt_callback = (AVIOInterruptCB){interrupted, (void *)handle};
	r = avformat_open_input(&d->s, name, NULL, NULL); // frees the context when it fails
	if (r < 0)
		return r;
	*step = 1;
	r = avformat_find_stream_info(d->s, NULL);
	if (r < 0)
		return r;
	d->streams = (int)d->s->nb_streams;
	d->unpack = av_calloc(d->streams + 1, sizeof *d->unpack);
	d->sorters = av_calloc(d->streams + 1, sizeof *d->sorters);
	if (!d->unpack || !d->sorters)
		return AVERROR(ENOMEM);
	for (int i = 0; i < d->streams; i++) {
		const AVStream *st = d->s->streams[i];
		const AVBitStreamFilter *f;
		// AVI may pack two pictures into one packet; taken apart each has its own time.
		if (st->codecpar->codec_id != AV_CODEC_ID_MPEG4 || strcmp(d->s->iformat->name, "avi"))
			continue;
		f = av_bsf_get_by_name("mpeg4_unpack_bframes");
		if (!f || av_bsf_alloc(f, &d->unpack[i]) < 0)
			continue;
		d->unpack[i]->time_base_in = st->time_base;
		if (avcodec_parameters_copy(d->unpack[i]->par_in, st->codecpar) < 0 || av_bsf_init(d->unpack[i]) < 0)
			av_bsf_free(&d->unpack[i]);
	}
	return 0;
memory:
	av_free(buf);
	return AVERROR(ENOMEM);
}

void door_close(door_demuxer *d)
{
	for (int i = 0; i < d->streams; i++) {
		if (d->unpack)
			av_bsf_free(&d->unpack[i]);
		if (d->sorters) {
			av_parser_close(d->sorters[i].parser);
			avcodec_free_context(&d->sorters[i].codec);
		}
	}
	av_freep(&d->unpack);
	av_freep(&d->sorters);
	avformat_close_input(&d->s);
	if (d->io) {
		av_freep(&d->io->buffer);
		avio_context_free(&d->io);
	}
	av_packet_free(&d->packet);
	d->streams = 0;
}

void door_stream_info(const door_demuxer *d, int i, door_stream *o)
{
	const AVStream *st = d->s->streams[i];
	const AVCodecParameters *p = st->codecpar;
	const AVPacketSideData *sd;
	AVRational rate;

	memset(o, 0, sizeof *o);
	o->id = st->id;
	o->type = p->codec_type;
	o->codec_id = p->codec_id;
	o->attached_picture = (st->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS | AV_DISPOSITION_STILL_IMAGE)) != 0;
	o->is_default = (st->disposition & AV_DISPOSITION_DEFAULT) != 0;
	o->forced = (st->disposition & AV_DISPOSITION_FORCED) != 0;
	o->base_num = st->time_base.num;
	o->base_den = st->time_base.den;
	o->start = st->start_time;
	o->duration = st->duration == AV_NOPTS_VALUE ? 0 : st->duration;
	o->frames = st->nb_frames;
	o->bit_rate = p->bit_rate;
	o->codec_tag = p->codec_tag;
	o->extradata = p->extradata;
	o->extradata_size = p->extradata_size;
	o->width = p->width;
	o->height = p->height;
	o->sar_num = st->sample_aspect_ratio.num > 0 ? st->sample_aspect_ratio.num : p->sample_aspect_ratio.num;
	o->sar_den = st->sample_aspect_ratio.num > 0 ? st->sample_aspect_ratio.den : p->sample_aspect_ratio.den;
	sd = av_packet_side_data_get(p->coded_side_data, p->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
	if (sd && sd->size >= 9 * sizeof(int32_t))
		door_orientation((const int32_t *)sd->data, &o->rotation, &o->mirror);
	sd = av_packet_side_data_get(p->coded_side_data, p->nb_coded_side_data, AV_PKT_DATA_FRAME_CROPPING);
	if (sd && sd->size >= 16) {
		o->top = (int)FFMIN(AV_RL32(sd->data), INT_MAX);
		o->bottom = (int)FFMIN(AV_RL32(sd->data + 4), INT_MAX);
		o->left = (int)FFMIN(AV_RL32(sd->data + 8), INT_MAX);
		o->right = (int)FFMIN(AV_RL32(sd->data + 12), INT_MAX);
	}
	if ((sd = av_packet_side_data_get(p->coded_side_data, p->nb_coded_side_data, AV_PKT_DATA_MASTERING_DISPLAY_METADATA)))
		door_mastering(sd->data, sd->size, &o->peak, &o->black);
	if ((sd = av_packet_side_data_get(p->coded_side_data, p->nb_coded_side_data, AV_PKT_DATA_CONTENT_LIGHT_LEVEL)))
		door_content_light(sd->data, sd->size, &o->max_cll, &o->max_fall);
	o->siting = p->chroma_location;
	o->range = p->color_range;
	o->matrix = p->color_space;
	o->primaries = p->color_primaries;
	o->transfer = p->color_trc;
	o->sample_rate = p->sample_rate;
	o->channels = p->ch_layout.nb_channels;
	o->mask = p->ch_layout.order == AV_CHANNEL_ORDER_NATIVE ? p->ch_layout.u.mask : 0;
	o->initial_padding = p->initial_padding;
	o->seek_preroll = p->seek_preroll;
	o->frame_size = p->frame_size;
	o->bits = p->bits_per_coded_sample;
	o->block_align = p->block_align;
	o->format = p->format;
	o->profile = p->profile;
	o->reorder = p->video_delay;
	rate = st->avg_frame_rate.num > 0 ? st->avg_frame_rate : st->r_frame_rate;
	o->rate_num = rate.num;
	o->rate_den = rate.den;
}

// sort finds where the packet's picture goes in presentation order. Codecs that number their pictures say so
// themselves; in the older ones a picture that is no B picture waits for the next such picture.
static void sort(door_demuxer *d, const AVPacket *p, door_coded *o)
{
	const AVCodecParameters *par = d->s->streams[p->stream_index]->codecpar;
	door_sorter *s = &d->sorters[p->stream_index];
	uint8_t *out;
	int out_size, numbered = 0;

	switch (par->codec_id) {
	case AV_CODEC_ID_H264:
	case AV_CODEC_ID_HEVC:
	case AV_CODEC_ID_VVC:
		numbered = 1;
		break;
	case AV_CODEC_ID_MPEG1VIDEO:
	case AV_CODEC_ID_MPEG2VIDEO:
	case AV_CODEC_ID_MPEG4:
	case AV_CODEC_ID_VC1:
		break;
	default:
		return;
	}
	if (!s->tried) {
		s->tried = 1;
		s->parser = av_parser_init(par->codec_id);
		s->codec = avcodec_alloc_context3(NULL);
		if (s->parser && s->codec && avcodec_parameters_to_context(s->codec, par) >= 0)
			s->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
		else
			av_parser_close(s->parser), s->parser = NULL;
	}
	if (!s->parser)
		return;
	s->parser->pict_type = AV_PICTURE_TYPE_NONE;
	av_parser_parse2(s->parser, s->codec, &out, &out_size, p->data, p->size, p->pts, p->dts, p->pos);
	if (s->parser->pict_type == AV_PICTURE_TYPE_NONE)
		return;
	o->ordered = 1;
	if (numbered) {
		o->order = s->parser->output_picture_number;
	} else if (s->parser->pict_type == AV_PICTURE_TYPE_B) {
		o->order = ((s->anchors - 1) << 20) + ++s->since; // before the last anchor, behind the one before it
	} else {
		o->order = ++s->anchors << 20;
		s->since = 0;
	}
}

int door_read(door_demuxer *d, door_coded *o)
{
	const AVCodecParameters *par;
	const uint8_t *sd;
	size_t size;
	AVPacket *p = d->packet;
	int r;

	do {
		av_packet_unref(p);
		r = av_read_frame(d->s, p);
		if (r < 0)
			return r;
	} while (p->stream_index >= d->streams);
	memset(o, 0, sizeof *o);
	if (d->unpack[p->stream_index]) {
		AVBSFContext *b = d->unpack[p->stream_index];
		int stream = p->stream_index;
		r = av_bsf_send_packet(b, p);
		if (r >= 0)
			r = av_bsf_receive_packet(b, p);
		if (r < 0) { // an unreadable packet: it is passed on empty
			av_packet_unref(p);
			p->stream_index = stream;
		}
	}
	o->stream = p->stream_index;
	o->size = p->size;
	o->data = p->data;
	o->key = (p->flags & AV_PKT_FLAG_KEY) != 0;
	o->discard = (p->flags & AV_PKT_FLAG_DISCARD) != 0;
	o->side = p->side_data_elems;
	o->pts = p->pts;
	o->dts = p->dts;
	o->duration = p->duration;
	o->pos = p->pos;
	par = d->s->streams[p->stream_index]->codecpar;
	switch (par->codec_id) {
	case AV_CODEC_ID_AAC:
	case AV_CODEC_ID_MP1:
	case AV_CODEC_ID_MP2:
	case AV_CODEC_ID_MP3:
	case AV_CODEC_ID_AC3:
		o->samples = av_get_audio_frame_duration2((AVCodecParameters *)par, p->size);
		break;
	default:
		if (par->codec_id >= AV_CODEC_ID_FIRST_AUDIO && par->codec_id < AV_CODEC_ID_ADPCM_IMA_QT)
			o->samples = av_get_audio_frame_duration2((AVCodecParameters *)par, p->size);
	}
	sd = av_packet_get_side_data(p, AV_PKT_DATA_SKIP_SAMPLES, &size);
	if (sd && size >= 10) {
		o->skip = 1;
		o->skip_front = (int)FFMIN(AV_RL32(sd), INT_MAX);
		o->skip_back = (int)FFMIN(AV_RL32(sd + 4), INT_MAX);
	}
	sd = av_packet_get_side_data(p, AV_PKT_DATA_NEW_EXTRADATA, &size);
	if (sd && size <= INT_MAX) {
		o->extradata = sd;
		o->extradata_size = (int)size;
	}
	// Where one packet lacks a time all of them are sorted: the times that others have were guessed.
	if (p->size > 0 && (p->pts == AV_NOPTS_VALUE || d->sorters[p->stream_index].tried))
		sort(d, p, o);
	return 0;
}

int door_side(const door_demuxer *d, int i, int *type, const uint8_t **data, int *size)
{
	const AVPacketSideData *s = &d->packet->side_data[i];

	switch (s->type) {
	case AV_PKT_DATA_SKIP_SAMPLES:
	case AV_PKT_DATA_STRINGS_METADATA:
	case AV_PKT_DATA_METADATA_UPDATE:
	case AV_PKT_DATA_MPEGTS_STREAM_ID:
	case AV_PKT_DATA_QUALITY_STATS:
	case AV_PKT_DATA_PRFT:
	case AV_PKT_DATA_CPB_PROPERTIES:
	case AV_PKT_DATA_FALLBACK_TRACK:
	case AV_PKT_DATA_ENCRYPTION_INIT_INFO:
		return 0;
	default:
		break;
	}
	if (s->size > INT_MAX)
		return 0;
	*type = s->type;
	*data = s->data;
	*size = (int)s->size;
	return 1;
}

static void restart(door_demuxer *d)
{
	for (int i = 0; i < d->streams; i++) {
		if (d->unpack[i])
			av_bsf_flush(d->unpack[i]);
		av_parser_close(d->sorters[i].parser);
		avcodec_free_context(&d->sorters[i].codec);
		memset(&d->sorters[i], 0, sizeof d->sorters[i]);
	}
}

void door_retry(door_demuxer *d)
{
	if (d->io) {
		d->io->error = 0;
		d->io->eof_reached = 0;
	}
}

int door_seek(door_demuxer *d, int stream, int64_t ticks)
{
	int r;

	restart(d);
	r = avformat_seek_file(d->s, stream, INT64_MIN, ticks, ticks, 0);
	return r;
}

int door_seek_byte(door_demuxer *d, int64_t pos)
{
	restart(d);
	return av_seek_frame(d->s, -1, pos, AVSEEK_FLAG_BYTE | AVSEEK_FLAG_BACKWARD);
}

int door_meta(const door_demuxer *d, int stream, int i, const char **key, const char **value)
{
	const AVDictionary *m = stream < 0 ? d->s->metadata : d->s->streams[stream]->metadata;
	const AVDictionaryEntry *e = NULL;

	while ((e = av_dict_iterate(m, e))) {
		if (i-- == 0) {
			*key = e->key;
			*value = e->value;
			return 1;
		}
	}
	return 0;
}

int door_chapter(const door_demuxer *d, int i, double *start, double *end, const char **title)
{
	const AVChapter *c;
	const AVDictionaryEntry *e;

	if (i >= (int)d->s->nb_chapters)
		return 0;
	c = d->s->chapters[i];
	*start = c->start == AV_NOPTS_VALUE ? 0 : c->start * av_q2d(c->time_base);
	*end = c->end == AV_NOPTS_VALUE ? *start : c->end * av_q2d(c->time_base);
	e = av_dict_get(c->metadata, "title", NULL, 0);
	*title = e ? e->value : "";
	return 1;
}
