// Package audio is the door to the sound device, by way of oto: PulseAudio or ALSA on Linux, what the system has
// elsewhere.
//
// # The device's time
//
// oto tells neither latency nor position. A [Device] knows how much oto holds back in its own buffer and trusts that
// the device's buffer, whose size it sets, is full whenever it is asked for more; from both follows when each sample
// will be heard. What lies behind that (a wireless speaker, a television) is for [Options.Offset]. While a device
// starts, its buffer fills and this does not hold, so the first tenths of a second are silence.
//
// A device keeps running on silence while playback is paused, so that resuming has no delay. After five seconds it is
// suspended.
//
// # No device
//
// When there is no device, or it fails, does not answer or stops asking for sound, the Device says so in the log and
// goes on in real time without sound, as audio/null does: same queue, same clock, and Stats tells. Every two seconds it
// looks for a device again, gives it silence for a while, and moves the sound there when it works. Only after a
// failure that oto reports there is no way back: it can be opened once per process and does not recover. libasound prints to the terminal when it finds
// no card, and nothing can be done about that from here; therefore the usual places are looked at first, and without a
// PulseAudio server, a card or a configuration that names a device, libasound is not asked at all.
//
// # Ownership
//
// A Device owns the blocks that were written and not played, its goroutine, and while it is open the process's one
// connection to the sound system.
//
// # Concurrency
//
// Every method may be called from any goroutine. Sound is taken by oto's goroutine, or in real time by the Device's
// own. Close waits for the latter.
//
// # Errors
//
// Those of pcm.Feed.Write. A missing device is none. Start fails when it is called twice or after Close.
package audio
