// The functions of libva that FFmpeg calls, handed on to the system's libva, which is loaded when the first of them is
// called: a program that is linked with this starts, and plays with the processor alone, where there is no libva.
// Without it vaGetDisplayDRM returns NULL, which is how FFmpeg learns that there is no hardware to decode with.
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

#include <va/va.h>
#include <va/va_drm.h>

// STATUS lists the functions that return a VAStatus: name, parameters, arguments.
#define STATUS(F)                                                                                                     \
	F(vaInitialize, (VADisplay d, int *major, int *minor), (d, major, minor))                                     \
	F(vaTerminate, (VADisplay d), (d))                                                                            \
	F(vaSetDriverName, (VADisplay d, char *name), (d, name))                                                      \
	F(vaQueryConfigProfiles, (VADisplay d, VAProfile *p, int *n), (d, p, n))                                      \
	F(vaQueryConfigEntrypoints, (VADisplay d, VAProfile p, VAEntrypoint *e, int *n), (d, p, e, n))                \
	F(vaGetConfigAttributes, (VADisplay d, VAProfile p, VAEntrypoint e, VAConfigAttrib *a, int n), (d, p, e, a, n)) \
	F(vaCreateConfig, (VADisplay d, VAProfile p, VAEntrypoint e, VAConfigAttrib *a, int n, VAConfigID *id),       \
		(d, p, e, a, n, id))                                                                                  \
	F(vaDestroyConfig, (VADisplay d, VAConfigID c), (d, c))                                                       \
	F(vaQuerySurfaceAttributes, (VADisplay d, VAConfigID c, VASurfaceAttrib *a, unsigned *n), (d, c, a, n))       \
	F(vaCreateSurfaces, (VADisplay d, unsigned format, unsigned w, unsigned h, VASurfaceID *s, unsigned n,        \
		VASurfaceAttrib *a, unsigned attributes), (d, format, w, h, s, n, a, attributes))                     \
	F(vaDestroySurfaces, (VADisplay d, VASurfaceID *s, int n), (d, s, n))                                         \
	F(vaCreateContext, (VADisplay d, VAConfigID c, int w, int h, int flag, VASurfaceID *s, int n, VAContextID *id), \
		(d, c, w, h, flag, s, n, id))                                                                         \
	F(vaDestroyContext, (VADisplay d, VAContextID c), (d, c))                                                     \
	F(vaCreateBuffer, (VADisplay d, VAContextID c, VABufferType t, unsigned size, unsigned n, void *data,         \
		VABufferID *id), (d, c, t, size, n, data, id))                                                        \
	F(vaDestroyBuffer, (VADisplay d, VABufferID b), (d, b))                                                       \
	F(vaMapBuffer, (VADisplay d, VABufferID b, void **p), (d, b, p))                                              \
	F(vaUnmapBuffer, (VADisplay d, VABufferID b), (d, b))                                                         \
	F(vaAcquireBufferHandle, (VADisplay d, VABufferID b, VABufferInfo *i), (d, b, i))                             \
	F(vaReleaseBufferHandle, (VADisplay d, VABufferID b), (d, b))                                                 \
	F(vaExportSurfaceHandle, (VADisplay d, VASurfaceID s, uint32_t type, uint32_t flags, void *to),               \
		(d, s, type, flags, to))                                                                              \
	F(vaBeginPicture, (VADisplay d, VAContextID c, VASurfaceID s), (d, c, s))                                     \
	F(vaRenderPicture, (VADisplay d, VAContextID c, VABufferID *b, int n), (d, c, b, n))                          \
	F(vaEndPicture, (VADisplay d, VAContextID c), (d, c))                                                         \
	F(vaSyncSurface, (VADisplay d, VASurfaceID s), (d, s))                                                        \
	F(vaQueryImageFormats, (VADisplay d, VAImageFormat *f, int *n), (d, f, n))                                    \
	F(vaCreateImage, (VADisplay d, VAImageFormat *f, int w, int h, VAImage *i), (d, f, w, h, i))                  \
	F(vaDeriveImage, (VADisplay d, VASurfaceID s, VAImage *i), (d, s, i))                                         \
	F(vaDestroyImage, (VADisplay d, VAImageID i), (d, i))                                                         \
	F(vaGetImage, (VADisplay d, VASurfaceID s, int x, int y, unsigned w, unsigned h, VAImageID i),                \
		(d, s, x, y, w, h, i))                                                                                \
	F(vaPutImage, (VADisplay d, VASurfaceID s, VAImageID i, int sx, int sy, unsigned sw, unsigned sh, int dx,     \
		int dy, unsigned dw, unsigned dh), (d, s, i, sx, sy, sw, sh, dx, dy, dw, dh))

// VALUES lists the others with the value that stands for "no libva": type, name, parameters, arguments, value.
#define VALUES(F)                                                                                               \
	F(VADisplay, vaGetDisplayDRM, (int fd), (fd), NULL)                                                     \
	F(int, vaMaxNumProfiles, (VADisplay d), (d), 0)                                                         \
	F(int, vaMaxNumEntrypoints, (VADisplay d), (d), 0)                                                      \
	F(int, vaMaxNumImageFormats, (VADisplay d), (d), 0)                                                     \
	F(const char *, vaQueryVendorString, (VADisplay d), (d), "")                                            \
	F(const char *, vaErrorStr, (VAStatus s), (s), "libva is not installed")                                \
	F(VAMessageCallback, vaSetErrorCallback, (VADisplay d, VAMessageCallback c, void *u), (d, c, u), NULL)  \
	F(VAMessageCallback, vaSetInfoCallback, (VADisplay d, VAMessageCallback c, void *u), (d, c, u), NULL)

static struct {
#define F(name, parameters, arguments) VAStatus(*name) parameters;
	STATUS(F)
#undef F
#define F(type, name, parameters, arguments, none) type(*name) parameters;
	VALUES(F)
#undef F
	VAStatus (*vaMapBuffer2)(VADisplay d, VABufferID b, void **p, uint32_t flags);
} lib; // written once, by load

static pthread_once_t loaded = PTHREAD_ONCE_INIT;

// load fills lib with what the system has. A libva that is older than its headers here lacks some functions.
static void load(void)
{
	void *va = dlopen("libva.so.2", RTLD_NOW | RTLD_LOCAL);
	void *drm = va ? dlopen("libva-drm.so.2", RTLD_NOW | RTLD_LOCAL) : NULL;

	if (!drm)
		return;
#define F(name, parameters, arguments) *(void **)&lib.name = dlsym(va, #name);
	STATUS(F)
#undef F
#define F(type, name, parameters, arguments, none) *(void **)&lib.name = dlsym(va, #name);
	VALUES(F)
#undef F
	*(void **)&lib.vaMapBuffer2 = dlsym(va, "vaMapBuffer2");
	*(void **)&lib.vaGetDisplayDRM = dlsym(drm, "vaGetDisplayDRM");
}

#define F(name, parameters, arguments)                                                    \
	VAStatus name parameters                                                          \
	{                                                                                 \
		pthread_once(&loaded, load);                                              \
		return lib.name ? lib.name arguments : VA_STATUS_ERROR_UNIMPLEMENTED;     \
	}
STATUS(F)
#undef F

#define F(type, name, parameters, arguments, none)             \
	type name parameters                                   \
	{                                                      \
		pthread_once(&loaded, load);                   \
		return lib.name ? lib.name arguments : (none); \
	}
VALUES(F)
#undef F

// vaMapBuffer2 came with libva 2.21; what it says beyond vaMapBuffer is a hint.
VAStatus vaMapBuffer2(VADisplay d, VABufferID b, void **p, uint32_t flags)
{
	pthread_once(&loaded, load);
	return lib.vaMapBuffer2 ? lib.vaMapBuffer2(d, b, p, flags) : vaMapBuffer(d, b, p);
}
