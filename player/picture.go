package player

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/player/subtitle"
)

// pictureWait is how often Picture looks for its picture.
const pictureWait = 2 * time.Millisecond

// The size of what subtitles are drawn on where there is no video.
const blankWidth, blankHeight = 1280, 720

// Picture seeks to t and lends the picture that contains t to use, whatever playback made of it, with the subtitles that
// are due then. Where there are only subtitles the picture is nil. It stands in for the surface: nothing else may draw
// from Frames meanwhile. It fails when t lies behind the end or playback has failed.
func (p *Player) Picture(ctx context.Context, t media.Time, use func(*frame.Video, *subtitle.Overlay) error) error {
	if err := p.known(ctx); err != nil {
		return err
	}
	switch s := p.State(); {
	case !s.HasVideo && !p.text.alone:
		return errors.New("there is no video")
	case s.DurationKnown && t >= s.Duration:
		return fmt.Errorf("%s lies behind the end at %s", t.Clock(), s.Duration.Clock())
	}
	p.Seek(t)
	if p.text.alone {
		o, err := p.overlay(ctx, t, blankWidth, blankHeight)
		if err != nil {
			return err
		}
		return use(nil, o)
	}
	_, gen := p.el.Playhead()
	var v *frame.Video
	for {
		now := time.Now()
		if got, _ := p.Frames().Pick(now, now.Add(pictureWait)); got != nil {
			v = got
		}
		if s := p.State(); v != nil && v.Gen == gen && !s.Seeking {
			w, h := v.DisplaySize()
			o, err := p.overlay(ctx, t, w, h)
			if err != nil {
				return err
			}
			return use(v, o)
		}
		if err := p.pause(ctx); err != nil {
			return err
		}
	}
}

// known waits for the metadata.
func (p *Player) known(ctx context.Context) error {
	for p.State().ReadyState == 0 {
		if err := p.pause(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pause waits a moment. It fails when ctx has ended or playback has failed.
func (p *Player) pause(ctx context.Context) error {
	timer := time.NewTimer(pictureWait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	}
	return p.Err()
}
