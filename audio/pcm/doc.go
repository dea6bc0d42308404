// Package pcm is the part of a sound sink that is the same for every device: a ring of interleaved float32 samples
// between the audio worker and the device's callback, with the media time of each sample, speed, volume, fades, and
// the accounting of what was sound and what was silence.
//
// A [Feed] lives in media time. Its timeline begins where [Feed.Flush] says and has no holes: a block that begins
// later than the one before it ended is preceded by silence of that length, the front of one that begins earlier is
// cut off, and after the end of the stream silence goes on counting. So the device's callbacks tell the media time
// as long as the feed runs, whatever the sound track lacks. Only silence that stands for sound that should have been
// there, and rest while the feed does not run, does not count.
//
// At other speeds than 1 sound takes the way through a stretch.Stretcher, which looks ahead. What it has been given and
// the device has not still counts as queued, and media time is that of the sound given, not of the sound looked at. At
// speed 1 the Stretcher is left out.
//
// # Ownership
//
// Write takes ownership of its block and copies it into the ring. Pull fills the caller's buffer.
//
// # Concurrency
//
// One goroutine at a time pulls: the device's callback. Pull takes no lock, allocates nothing, logs nothing and
// never waits. Write blocks until there is room; Flush, Close and its context wake it. Everything else may be called
// from any goroutine and does not block.
//
// # Errors
//
// Write returns the cause of its context, [ErrClosed], or an error that names what is wrong with the block.
package pcm
