package element

import (
	"math"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/present"
)

// MaxVolume is the largest volume that this player offers: 30 % more than full. See Options.MaxVolume.
const MaxVolume = 1.3

// MinRate and MaxRate bound the speeds of playback besides 0.
const (
	MinRate = 0.25
	MaxRate = 4
)

// maxPlayed bounds the ranges of the played attribute; what is played apart from those is not noted.
const maxPlayed = 4096

// get reads guarded state.
func get[T any](e *Element, read func() T) (v T) {
	e.loop.Do(func(*mse.Tx) { v = read() })
	return v
}

// Src returns the src attribute, "" when it is not there.
// HTML: dom-media-src.
func (e *Element) Src() string { return get(e, func() string { return e.src }) }

// SrcObject returns what SetSrcObject was given.
// HTML: dom-media-srcobject.
func (e *Element) SrcObject() *mse.MediaSource {
	return get(e, func() *mse.MediaSource { return e.object })
}

// CurrentSrc returns the address of the resource that was selected last, "" for an object.
// HTML: dom-media-currentsrc.
func (e *Element) CurrentSrc() string { return get(e, func() string { return e.currentSrc }) }

// NetworkState says what the element does about its resource.
// HTML: dom-media-networkstate.
func (e *Element) NetworkState() NetworkState {
	return get(e, func() NetworkState { return e.network })
}

// ReadyState says how much of the media is at hand.
// HTML: dom-media-readystate.
func (e *Element) ReadyState() ReadyState { return get(e, func() ReadyState { return e.ready }) }

// Error returns the failure of the current load, nil when there is none.
// HTML: dom-media-error.
func (e *Element) Error() *MediaError { return get(e, func() *MediaError { return e.err }) }

// Seeking reports whether a seek is going on.
// HTML: dom-media-seeking.
func (e *Element) Seeking() bool { return get(e, func() bool { return e.seeking }) }

// Paused reports whether playback is paused.
// HTML: dom-media-paused.
func (e *Element) Paused() bool { return get(e, func() bool { return e.paused }) }

// Ended reports whether playback has reached the end. It never does with Loop.
// HTML: dom-media-ended.
func (e *Element) Ended() bool { return get(e, func() bool { return e.ended && !e.repeat }) }

// Duration returns the length of the media, Forever for a stream without end; known is false where HTML says NaN.
// HTML: dom-media-duration.
func (e *Element) Duration() (d media.Time, known bool) {
	d = get(e, func() media.Time { return e.duration })
	if d != d {
		return 0, false
	}
	return d, true
}

// CurrentTime returns the playback position, or before the metadata is known the position to begin at.
// HTML: dom-media-currenttime.
func (e *Element) CurrentTime() (t media.Time) {
	now := time.Now()
	return get(e, func() media.Time { return e.currentTime(now) })
}

func (e *Element) currentTime(now time.Time) media.Time {
	if e.startAt != 0 {
		return e.startAt
	}
	return e.position(now)
}

// Buffered returns what can be played.
// HTML: dom-media-buffered. MSE: htmlmediaelement-extensions-buffered.
func (e *Element) Buffered() (r media.Ranges) {
	e.loop.Do(func(tx *mse.Tx) {
		if e.att != nil {
			r = e.att.BufferedTx(tx)
		}
	})
	return r
}

// Seekable returns where Seek can go.
// HTML: dom-media-seekable. MSE: htmlmediaelement-extensions-seekable.
func (e *Element) Seekable() (r media.Ranges) {
	e.loop.Do(func(tx *mse.Tx) {
		if e.att != nil {
			r = e.att.SeekableTx(tx)
		}
	})
	return r
}

// Played returns what has been played since the last load.
// HTML: dom-media-played.
func (e *Element) Played() media.Ranges {
	now := time.Now()
	return get(e, func() media.Ranges {
		e.position(now)
		return e.allPlayed()
	})
}

// allPlayed is what has been played up to the latest look at the clock. The lock must be held.
func (e *Element) allPlayed() media.Ranges {
	if all := e.played.Union(media.NewRanges(e.stretch)); len(all) <= maxPlayed {
		return all
	}
	return e.played
}

// VideoSize returns the size of the picture on the surface in square pixels, or before the first one the size that the
// container declares; 0, 0 without video.
// HTML: dom-video-videowidth.
func (e *Element) VideoSize() (w, h int) {
	e.loop.Do(func(*mse.Tx) {
		if e.metadata {
			w, h = e.width, e.height
		}
	})
	return w, h
}

// Autoplay returns the autoplay attribute.
// HTML: attr-media-autoplay.
func (e *Element) Autoplay() bool { return get(e, func() bool { return e.autoplay }) }

// SetAutoplay makes playback start by itself once there is enough data to play through.
// HTML: attr-media-autoplay.
func (e *Element) SetAutoplay(on bool) { e.loop.Do(func(*mse.Tx) { e.autoplay = on }) }

// Loop returns the loop attribute.
// HTML: attr-media-loop.
func (e *Element) Loop() bool { return get(e, func() bool { return e.repeat }) }

// SetLoop makes playback begin anew whenever it reaches the end.
// HTML: attr-media-loop.
func (e *Element) SetLoop(on bool) { e.loop.Do(func(*mse.Tx) { e.repeat = on }) }

// PlaybackRate returns the speed of playback.
// HTML: dom-media-playbackrate.
func (e *Element) PlaybackRate() float64 { return get(e, func() float64 { return e.rate }) }

// SetPlaybackRate sets the speed of playback: MinRate to MaxRate, or 0 to stand still without being paused. What has
// been handed to the sound device sounds as it was made.
// Errors: TypeError (not finite), NotSupportedError (any other speed), as *mse.Error.
// HTML: dom-media-playbackrate.
func (e *Element) SetPlaybackRate(r float64) error {
	if err := checkRate("playbackRate", r); err != nil {
		return err
	}
	e.loop.Do(func(tx *mse.Tx) { e.setRate(tx, r) })
	e.look()
	return nil
}

// DefaultPlaybackRate returns the speed that a load begins with.
// HTML: dom-media-defaultplaybackrate.
func (e *Element) DefaultPlaybackRate() float64 {
	return get(e, func() float64 { return e.defaultRate })
}

// SetDefaultPlaybackRate sets the speed that a load begins with. DEVIATION: HTML accepts any speed here and leaves open
// what happens at the next load when it is not supported; this refuses it as SetPlaybackRate does.
// HTML: dom-media-defaultplaybackrate.
func (e *Element) SetDefaultPlaybackRate(r float64) error {
	if err := checkRate("defaultPlaybackRate", r); err != nil {
		return err
	}
	e.loop.Do(func(tx *mse.Tx) {
		if r != e.defaultRate {
			e.defaultRate = r
			tx.Queue(&e.EventTarget, EventRateChange)
		}
	})
	return nil
}

func checkRate(member string, r float64) error {
	switch {
	case math.IsNaN(r) || math.IsInf(r, 0):
		return exception(mse.TypeError, member, "%v is not finite", r)
	case r != 0 && (r < MinRate || r > MaxRate):
		return exception(mse.NotSupportedError, member, "the speed %v is not supported: 0, or %v to %v", r, MinRate, float64(MaxRate))
	}
	return nil
}

func (e *Element) setRate(tx *mse.Tx, r float64) {
	if r != e.rate {
		e.rate = r
		tx.Queue(&e.EventTarget, EventRateChange)
		e.applyRate()
	}
}

// applyRate tells clock, queue and device how fast playback is. Speed 0 is none of theirs: time rests then.
func (e *Element) applyRate() {
	if e.rate == 0 {
		return
	}
	e.clock.SetRate(time.Now(), e.rate)
	e.queue.SetSpeed(e.rate)
	if e.opt.Audio != nil {
		e.opt.Audio.SetRate(e.rate, e.keepPitch)
	}
}

// PreservesPitch reports whether speed leaves the pitch of sound alone.
// HTML: dom-media-preservespitch.
func (e *Element) PreservesPitch() bool { return get(e, func() bool { return e.keepPitch }) }

// SetPreservesPitch makes speed leave the pitch of sound alone, or not.
// HTML: dom-media-preservespitch.
func (e *Element) SetPreservesPitch(on bool) {
	e.loop.Do(func(*mse.Tx) {
		e.keepPitch = on
		e.applyRate()
	})
}

// Volume returns the volume; 1 is full.
// HTML: dom-media-volume.
func (e *Element) Volume() float64 { return get(e, func() float64 { return e.volume }) }

// SetVolume sets the volume, 0 to Options.MaxVolume.
// Errors: TypeError (not finite), IndexSizeError (out of range), as *mse.Error.
// HTML: dom-media-volume.
func (e *Element) SetVolume(v float64) error {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return exception(mse.TypeError, "volume", "%v is not finite", v)
	case v < 0 || v > e.opt.MaxVolume:
		return exception(IndexSizeError, "volume", "%v is not in [0, %v]", v, e.opt.MaxVolume)
	}
	e.loop.Do(func(tx *mse.Tx) {
		if v != e.volume {
			e.volume = v
			tx.Queue(&e.EventTarget, EventVolumeChange)
		}
		e.applyVolume()
	})
	return nil
}

// Muted reports whether sound is off.
// HTML: dom-media-muted.
func (e *Element) Muted() bool { return get(e, func() bool { return e.muted }) }

// SetMuted turns sound off and on.
// HTML: dom-media-muted.
func (e *Element) SetMuted(m bool) {
	e.loop.Do(func(tx *mse.Tx) {
		if m != e.muted {
			e.muted = m
			tx.Queue(&e.EventTarget, EventVolumeChange)
		}
		e.applyVolume()
	})
}

// SetLoudness sets a factor that brings the sound of this work to the level of others, besides the volume: 1 changes
// nothing. What is no positive number is ignored.
func (e *Element) SetLoudness(factor float64) {
	if !(factor > 0) || math.IsInf(factor, 0) {
		return
	}
	e.loop.Do(func(*mse.Tx) {
		e.loudness = factor
		e.applyVolume()
	})
}

// applyVolume hands the gain to the device. Loudness is felt roughly as the cube root of amplitude.
func (e *Element) applyVolume() {
	if e.opt.Audio == nil {
		return
	}
	gain := e.volume * e.volume * e.volume * e.loudness
	if e.muted {
		gain = 0
	}
	e.opt.Audio.SetGain(gain)
}

// State is a snapshot of the element's attributes.
type State struct {
	NetworkState  NetworkState
	ReadyState    ReadyState
	Paused        bool
	Seeking       bool
	Stalled       bool
	Ended         bool
	Error         *MediaError
	CurrentTime   media.Time
	Duration      media.Time
	DurationKnown bool
	PlaybackRate  float64
	Volume        float64
	Muted         bool
	Buffered      media.Ranges
	Seekable      media.Ranges
	// Width and Height are what VideoSize returns.
	Width, Height      int
	HasVideo, HasAudio bool
	VideoTrack         *mse.Track
	AudioTrack         *mse.Track
	Video, Audio       decode.Status
}

// State returns the attributes at this moment.
func (e *Element) State() State {
	var s State
	now := time.Now()
	e.loop.Do(func(tx *mse.Tx) {
		s = State{NetworkState: e.network, ReadyState: e.ready, Paused: e.paused, Seeking: e.seeking, Stalled: e.stalled,
			Ended: e.ended && !e.repeat, Error: e.err,
			CurrentTime: e.currentTime(now), Duration: e.duration, DurationKnown: e.duration == e.duration,
			PlaybackRate: e.rate, Volume: e.volume, Muted: e.muted,
			HasVideo: e.videoTrack != nil, HasAudio: e.audioTrack != nil, VideoTrack: e.videoTrack, AudioTrack: e.audioTrack}
		if e.metadata {
			s.Width, s.Height = e.width, e.height
		}
		if e.att != nil {
			s.Buffered, s.Seekable = e.att.BufferedTx(tx), e.att.SeekableTx(tx)
		}
	})
	s.Video, s.Audio = e.ctl.statuses()
	return s
}

// Quality returns the counts of pictures since the last load.
// MPQ: getVideoPlaybackQuality.
func (e *Element) Quality() present.Quality {
	counting := get(e, func() bool { return e.counting }) // before the counts, which a load may reset meanwhile
	q := e.queue.Quality()
	if !counting {
		return present.Quality{CreationTime: q.CreationTime}
	}
	return q
}

// Report returns what has happened so far. An interruption that has not ended lasts until now.
func (e *Element) Report() Report {
	r := get(e, func() Report { return e.report.clone() })
	r.resume(time.Now())
	return r
}
