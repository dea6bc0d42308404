package player

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/element"
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
	if track, ok := p.text.board.Selected(); ok && subtitle.IsChannel(track.ID) {
		if err := p.readCaptions(ctx, t); err != nil {
			return err
		}
		p.Seek(t)
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

const (
	// captionPreroll is how long before a picture its captions may have begun that come with the pictures, in seconds;
	// captionMargin is how long after it reading goes on.
	captionPreroll, captionMargin media.Span = 8, 0.3
)

// readCaptions plays what comes before t, so that the captions are known which pictures bring.
func (p *Player) readCaptions(ctx context.Context, t media.Time) error {
	p.Seek(max(0, t.Add(-captionPreroll)))
	p.SetSpeed(element.MaxRate)
	p.Play()
	defer func() {
		p.Pause()
		p.SetSpeed(1)
		p.text.video.End()
	}()
	for deadline := time.Now().Add(subtitlePatience + time.Duration(captionPreroll)*time.Second); time.Now().Before(deadline); {
		now := time.Now()
		p.Frames().Pick(now, now.Add(pictureWait))
		if s := p.State(); s.Ended || !s.Seeking && s.CurrentTime > t.Add(captionMargin) {
			return nil
		}
		if err := p.pause(ctx); err != nil {
			return err
		}
	}
	return nil
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
