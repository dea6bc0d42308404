// The C half of the door: everything that needs several FFmpeg calls or struct fields is done in one call from Go.
#ifndef MSEPLAYER_DOOR_H
#define MSEPLAYER_DOOR_H

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

// door_config is what a decoder is opened with beyond its codec.
typedef struct door_config {
	int width, height;
	int sample_rate, channels;
	uint64_t mask;
	unsigned codec_tag;
	int bits, block_align, format, profile, threads, reorder;
	int quantizers; // tell those of each picture
	int64_t bit_rate;
} door_config;

int door_configure(AVCodecContext *c, const uint8_t *extradata, int extradata_size, const door_config *cfg);

// door_packet fills the packet with a padded, reference-counted copy of n bytes, which the caller writes later if data is
// NULL, and the index that identifies it.
int door_packet(AVPacket *p, const uint8_t *data, int n, int64_t index, int key);
int door_packet_side(AVPacket *p, int type, const uint8_t *data, int n);
int door_send(AVCodecContext *c, AVPacket *p);
int door_send_data(AVCodecContext *c, AVPacket *p, const uint8_t *data, int n, int64_t index, int key);

// door_picture is what Go needs to know about a decoded picture.
typedef struct door_picture {
	int64_t pts, opaque;
	int width, height, format;
	int crop_left, crop_right, crop_top, crop_bottom;
	int corrupt, unrecovered; // unrecovered: FFmpeg calls it corrupt and found no error in it
	int color_range, matrix, primaries, transfer;
	int siting;
	float peak, black, max_cll, max_fall;
	int sar_num, sar_den, rotation, mirror;
	int interlaced, top_first;
	char type; // the letter of the coding type, 0 when it is not known
	double quantizer; // the mean over the picture, negative when it is not known
	uint8_t *data[3];
	int stride[3];
	int len[3]; // readable bytes of whole rows, 0 when the memory is not laid out as rows of stride bytes
} door_picture;

// door_orientation reads a display matrix: clockwise degrees after mirroring left to right.
void door_orientation(const int32_t *m, int *rotation, int *mirror);
// door_mastering and door_content_light read side data of those kinds.
void door_mastering(const uint8_t *data, size_t size, float *peak, float *black);
void door_content_light(const uint8_t *data, size_t size, float *max_cll, float *max_fall);

enum { DOOR_WEAVE = 0, DOOR_INTERLACED, DOOR_ALL };

// door_deinterlacer makes one picture of every picture, without the teeth of interlacing. It begins to work, and then
// holds back one picture, when it meets the first picture to do: the first one flagged as interlaced, or any.
typedef struct door_deinterlacer {
	int mode, threads;
	int64_t taken; // pictures that came out of the decoder
	AVFilterGraph *graph;
	AVFilterContext *source, *sink;
	AVFrame *held; // the first picture of another kind, until those before it are out
	int width, height, format, range, matrix;
} door_deinterlacer;

// door_receive_video gives the next picture; one that lies in the memory of hardware is fetched from there.
int door_receive_video(AVCodecContext *c, door_deinterlacer *d, AVFrame *f, door_picture *out);
// door_deinterlacer_reset forgets what is held back.
void door_deinterlacer_reset(door_deinterlacer *d);

// door_hardware opens a device to decode with and gives it to a codec context that is not open yet.
int door_hardware(AVCodecContext *c);
void door_describe_picture(const AVFrame *f, door_picture *out);

// door_sound is what Go needs to know about a decoded block of sound.
typedef struct door_sound {
	int64_t pts, opaque;
	int samples, rate, channels, format, corrupt;
	int skip; // samples that the decoder itself declares void from here on, 0 if none
	uint64_t mask;
} door_sound;

int door_receive_audio(AVCodecContext *c, AVFrame *f, door_sound *out);
// door_interleave writes samples × channels floats.
int door_interleave(const AVFrame *f, float *dst);

// door_repack copies a picture into memory of dst's own, laid out as rows of one positive stride.
int door_repack(AVFrame *dst, const AVFrame *src);

// door_format describes a pixel format; layout is 1 YUV, 2 gray, 3 GBR, 4 anything else.
typedef struct door_format {
	int layout, depth, shift_x, shift_y, full_range, rgb;
	char name[32];
} door_format;

void door_pixel_format(int format, door_format *out);

// door_planar is the planar format that loses least of a format.
int door_planar(int format);

// door_scaler converts pictures to another format.
typedef struct door_scaler {
	struct SwsContext *sws;
	int width, height, format, range, matrix, dst_format;
} door_scaler;

int door_scale(door_scaler *s, AVFrame *dst, int dst_format, const AVFrame *src, int range, int src_matrix, int dst_matrix, int threads);
void door_scaler_free(door_scaler *s);

// door_fitter brings pictures to another size and form for comparing them.
typedef struct door_fitter {
	struct SwsContext *sws;
	int width, height, format, range, matrix, dst_width, dst_height, dst_format, dst_range;
} door_fitter;

// door_fit scales planes into dst, whose buffer it makes where it does not fit. The matrix is that of whichever side is YUV.
int door_fit(door_fitter *s, AVFrame *dst, int dst_width, int dst_height, int dst_format, int dst_range,
	const uint8_t *y, const uint8_t *u, const uint8_t *v, const int stride[3], int width, int height, int format, int range, int matrix);
void door_fitter_free(door_fitter *s);

// Sound conversion between interleaved float formats.
int door_resampler_open(SwrContext **s, int in_rate, int in_channels, uint64_t in_mask, int out_rate, int out_channels, uint64_t out_mask);
int door_resample(SwrContext *s, float *dst, int dst_samples, const float *src, int src_samples);

uint64_t door_default_mask(int channels);

#endif
