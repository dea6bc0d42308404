package mse_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// must keeps the examples short.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Two files are appended back to back: in sequence mode the second begins where the first ends, whatever times it holds.
func ExampleSourceBuffer_SetMode() {
	ctx := context.Background()
	ms := mse.New(mse.Options{})
	a, err := ms.Attach(nil)
	must(err)
	defer a.Detach()
	sb, err := ms.AddSourceBuffer(`video/mp4; codecs="avc1.640028"`)
	must(err)
	must(sb.SetMode(mse.Sequence))
	for _, length := range []media.Span{2, 3} {
		file := msetest.Movie(msetest.MovieSpec{Length: length, FrameRateNum: 25, FrameRateDen: 1, GOP: 25})
		must(sb.Append(ctx, file.File(1)))
	}
	buffered, err := sb.Buffered()
	must(err)
	fmt.Println("buffered", buffered)
	must(ms.EndOfStream(mse.EndNormal))
	d, _ := ms.Duration()
	fmt.Println("duration", d)
	// Output:
	// buffered [0,5)
	// duration 5
}

// Coded frames are read in decode order, without any decoder.
func ExampleReader() {
	ctx := context.Background()
	ms := mse.New(mse.Options{})
	a, err := ms.Attach(nil)
	must(err)
	defer a.Detach()
	sb, err := ms.AddSourceBuffer(`video/mp4; codecs="avc1.640028"`)
	must(err)
	movie := msetest.Movie(msetest.MovieSpec{Length: 4, FrameRateNum: 25, FrameRateDen: 1, GOP: 50})
	must(sb.Append(ctx, movie.Init()))
	for _, segment := range movie.Segments(2, 1) {
		must(sb.Append(ctx, segment))
	}
	must(ms.EndOfStream(mse.EndNormal))

	r, err := a.Reader(sb.VideoTracks().At(0))
	must(err)
	defer r.Close()
	r.Seek(3, 1) // the random access point before it is at 2 s
	frames := 0
	for {
		item, err := r.Next(ctx)
		if errors.Is(err, mse.ErrSeeked) {
			continue // here a decoder would be flushed
		}
		if errors.Is(err, io.EOF) {
			break
		}
		must(err)
		if frames < 4 {
			fmt.Println(item.Frame.PTS, item.Frame.RAP)
		}
		frames++
	}
	fmt.Println(frames, "frames")
	// Output:
	// 2 true
	// 2.12 false
	// 2.04 false
	// 2.08 false
	// 50 frames
}

// A live stream has no end; what can be sought to is a window that moves, and what falls out of it is removed.
func ExampleMediaSource_SetLiveSeekableRange() {
	ctx := context.Background()
	ms := mse.New(mse.Options{})
	a, err := ms.Attach(nil)
	must(err)
	defer a.Detach()
	sb, err := ms.AddSourceBuffer(`video/mp4; codecs="avc1.640028"`)
	must(err)
	movie := msetest.Movie(msetest.MovieSpec{Length: 12, FrameRateNum: 25, FrameRateDen: 1, GOP: 50})
	must(sb.Append(ctx, movie.Init()))
	must(ms.SetDuration(media.Forever))

	const window = 6
	for i, segment := range movie.Segments(2, 1) {
		must(sb.Append(ctx, segment))
		edge := media.Time(2 * (i + 1))
		if start := edge - window; start > 0 {
			must(ms.SetLiveSeekableRange(start, edge))
			must(sb.RemoveWait(ctx, 0, start))
		}
	}
	buffered, err := sb.Buffered()
	must(err)
	fmt.Println("buffered", buffered)
	fmt.Println("seekable", a.Seekable())
	// Output:
	// buffered [6,12)
	// seekable [6,12)
}
