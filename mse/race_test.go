package mse_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// TestConcurrency lets one goroutine for each SourceBuffer append, abort, remove and change type while others read,
// seek, end the stream and clean up. It looks for data races, deadlocks and frames that go back or are damaged.
func TestConcurrency(t *testing.T) { concurrency(t, 300*time.Millisecond) }

// otherType is a second name of the text byte stream, for changeType.
const otherType = "application/x-other-frames"

func concurrency(t *testing.T, d time.Duration) {
	const buffers = 3
	ms := mse.New(mse.Options{Managed: true, VideoQuota: 64 << 10, AudioQuota: 64 << 10, Private: map[string]func() bytestream.Parser{
		msetest.TextType: msetest.NewTextParser, otherType: msetest.NewTextParser}})
	h := &player{EventTarget: mse.NewEventTarget(ms.EventLoop()), lists: mse.NewTrackLists(ms.EventLoop())}
	a, err := ms.Attach(h)
	if err != nil {
		t.Fatal(err)
	}
	ms.EventLoop().Do(func(*mse.Tx) { h.att = a })
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var group sync.WaitGroup
	var sbs []*mse.SourceBuffer
	for i := range buffers {
		sb, err := ms.AddSourceBuffer(msetest.TextType)
		if err != nil {
			t.Fatal(err)
		}
		kind := []string{"video h264 audio aac", "video h264", "audio aac"}[i]
		if err := sb.Append(ctx, []byte("init "+kind+" dur=100\n")); err != nil {
			t.Fatal(err)
		}
		sbs = append(sbs, sb)
		group.Go(func() { feed(ctx, t, sb, kind, uint64(i)) })
		for _, tr := range sb.Tracks() {
			r, err := a.Reader(tr)
			if err != nil {
				t.Fatal(err)
			}
			group.Go(func() { readAlong(ctx, t, r, uint64(i)) })
		}
	}
	group.Go(func() {
		r := rand.New(rand.NewPCG(1, 9))
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			<-tick.C
			switch r.IntN(6) {
			case 0:
				_ = ms.EndOfStream(mse.EndNormal) // refused while something is updating
			case 1:
				a.SetPlayhead(media.Time(r.IntN(100)))
			case 2:
				a.CleanUp()
			case 3:
				sb := sbs[r.IntN(buffers)]
				sb.Tracks()[0].SetEnabled(r.IntN(2) == 0)
			case 4:
				a.Seekable()
				a.Buffered()
			case 5:
				_ = ms.SetDuration(100)
			}
		}
	})
	group.Wait()
	a.Detach()
	drained, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if err := ms.EventLoop().Drain(drained); err != nil {
		t.Errorf("the task queue does not run empty: %v", err)
	}
	for _, sb := range sbs {
		if sb.Updating() || sb.Stats().Frames != 0 {
			t.Errorf("after detaching: updating %v, %d frames", sb.Updating(), sb.Stats().Frames)
		}
	}
}

// feed does what an application does to one SourceBuffer.
func feed(ctx context.Context, t *testing.T, sb *mse.SourceBuffer, init string, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	expected := func(err error) {
		if err != nil && ctx.Err() == nil && !errors.Is(err, mse.ErrInvalidState) && !errors.Is(err, mse.ErrQuotaExceeded) && !errors.Is(err, mse.ErrAborted) {
			t.Error(err)
		}
	}
	types := []string{msetest.TextType, otherType}
	for n := 0; ctx.Err() == nil; n++ {
		switch op := r.IntN(12); {
		case op < 6:
			at := r.IntN(90) * 1000
			line := fmt.Sprintf("%dK %d %d %dK %d\n", at, at+40, at+80, at+120, at+160)
			if seed == 0 && n%2 == 0 {
				line = "2: " + fmt.Sprintf("%dK %dK %dK\n", at, at+40, at+80)
			}
			expected(sb.Append(ctx, []byte(line)))
		case op == 6:
			expected(sb.AppendBuffer([]byte("0K 40 80\n")))
			expected(sb.Abort())
		case op == 7:
			from := media.Time(r.IntN(90))
			if err := sb.RemoveWait(ctx, from, from+5); !errors.Is(err, mse.ErrType) { // the end of the stream may have made it shorter
				expected(err)
			}
		case op == 8:
			if err := sb.ChangeType(types[n%2]); err != nil {
				expected(err)
				continue
			}
			expected(sb.Append(ctx, []byte("init "+init+" dur=100\n")))
		case op == 9:
			expected(sb.SetMode(mse.AppendMode(n % 2)))
		case op == 10:
			expected(sb.SetTimestampOffset(media.Span(r.IntN(3))))
		case op == 11:
			if _, err := sb.Buffered(); err != nil {
				expected(err)
			}
		}
	}
}

// readAlong reads and seeks like a decoder. What it is handed never changes afterwards.
func readAlong(ctx context.Context, t *testing.T, r *mse.Reader, seed uint64) {
	defer r.Close()
	rnd := rand.New(rand.NewPCG(seed, 2))
	for gen := media.Gen(1); ctx.Err() == nil; gen++ {
		r.Seek(media.Time(rnd.IntN(90)), gen)
		over := false
		for n := 0; n < 20 && !over; n++ {
			wait, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
			it, err := r.Next(wait)
			cancel()
			switch {
			case n == 0 && !errors.Is(err, mse.ErrSeeked) && ctx.Err() == nil:
				t.Errorf("first read after a seek: %v", err)
			case err == nil && it.Frame != nil && (it.Frame.Config == nil || len(it.Frame.Data) == 0):
				t.Errorf("frame %+v", it.Frame)
			case errors.Is(err, io.EOF), errors.Is(err, mse.ErrGone):
				over = true
			}
			if g, _ := r.Gen(); g != gen {
				t.Errorf("generation %d, want %d", g, gen)
			}
		}
		if rnd.IntN(4) == 0 {
			r.SkipGap()
		}
	}
}
