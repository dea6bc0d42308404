// The C half of the demuxers.
#ifndef MSEPLAYER_DEMUX_H
#define MSEPLAYER_DEMUX_H

#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>

// door_sorter finds the presentation order of one stream's pictures from their headers.
typedef struct door_sorter {
	AVCodecParserContext *parser;
	AVCodecContext *codec;
	int tried;
	int64_t anchors; // pictures that are no B pictures, so far
	int64_t since;   // B pictures since the last of them
} door_sorter;

typedef struct door_demuxer {
	AVFormatContext *s;
	AVIOContext *io;
	AVPacket *packet;
	AVBSFContext **unpack; // for each stream, NULL where packets are fine as they are
	door_sorter *sorters;  // for each stream
	int streams;           // those found at opening; later ones are ignored
	uintptr_t handle;
} door_demuxer;

// door_open opens a file whose bytes come through the Go functions behind handle.
int door_open(door_demuxer *d, uintptr_t handle, int seekable, const char *name, int *step);
void door_close(door_demuxer *d);

typedef struct door_stream {
	int id, type, codec_id, attached_picture, is_default, forced;
	int base_num, base_den;
	int64_t start, duration, frames, bit_rate;
	unsigned codec_tag;
	const uint8_t *extradata;
	int extradata_size;
	int width, height, sar_num, sar_den, rotation, mirror;
	int left, right, top, bottom; // cropping
	float peak, black, max_cll, max_fall;
	int range, matrix, primaries, transfer, siting;
	int sample_rate, channels, initial_padding, seek_preroll, frame_size;
	uint64_t mask;
	int bits, block_align, format, profile, reorder;
	int rate_num, rate_den; // frames per second
} door_stream;

void door_stream_info(const door_demuxer *d, int i, door_stream *out);

typedef struct door_coded {
	int stream, size, key, discard, side;
	int64_t pts, dts, duration, pos;
	const uint8_t *data;
	int skip, skip_front, skip_back, samples;
	const uint8_t *extradata;
	int extradata_size;
	int64_t order;
	int ordered;
} door_coded;

// door_read reads the next packet into d->packet and describes it.
int door_read(door_demuxer *d, door_coded *out);
// door_side describes piece i of the packet's side data; it returns 0 for what a decoder does not need.
int door_side(const door_demuxer *d, int i, int *type, const uint8_t **data, int *size);

// door_retry forgets that reading failed or ended.
void door_retry(door_demuxer *d);
int door_seek(door_demuxer *d, int stream, int64_t ticks);
int door_seek_byte(door_demuxer *d, int64_t pos);

// door_meta returns entry i of the file's metadata (stream -1) or of a stream's, 0 behind the last one.
int door_meta(const door_demuxer *d, int stream, int i, const char **key, const char **value);
int door_chapter(const door_demuxer *d, int i, double *start, double *end, const char **title);

#endif
