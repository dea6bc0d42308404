package ffmpeg_test

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
)

// pictureVectors are the formats whose pictures are compared with the ffmpeg program's, one by one.
var pictureVectors = []struct {
	name, args string
	pixel      string
	// loose is how far PTS may be from the program's, in seconds; 0: a millisecond.
	loose float64
}{
	{"h264.mp4", picture + " -c:v libx264 -preset fast -bf 3 -g 25 -pix_fmt yuv420p", "yuv420p", 0},
	{"h264.mkv", picture + " -c:v libx264 -preset fast -bf 3 -g 25 -pix_fmt yuv420p", "yuv420p", 0},
	{"h264.ts", picture + " -c:v libx264 -preset fast -bf 3 -g 25 -pix_fmt yuv420p", "yuv420p", 2},
	{"h264.h264", picture + " -c:v libx264 -preset fast -bf 3 -g 20 -pix_fmt yuv420p", "yuv420p", 2},
	{"h264-pyramid.mp4", picture + " -c:v libx264 -preset fast -x264-params bframes=7:b-pyramid=normal:b-adapt=0:open-gop=1:keyint=20 -pix_fmt yuv420p", "yuv420p", 0},
	{"h264-interlaced.mp4", interlaced + " -c:v libx264 -preset fast -flags +ildct+ilme -bf 2 -pix_fmt yuv420p", "yuv420p", 0},
	{"h264-444.mp4", picture + " -c:v libx264 -preset fast -bf 2 -pix_fmt yuv444p", "yuv444p", 0},
	{"h264-422.mp4", picture + " -c:v libx264 -preset fast -bf 2 -pix_fmt yuv422p", "yuv422p", 0},
	{"h264-10.mp4", picture + " -c:v libx264 -preset fast -bf 2 -pix_fmt yuv420p10le", "yuv420p10le", 0},
	{"h264-rgb.mp4", picture + " -c:v libx264rgb -preset fast -pix_fmt rgb24", "gbrp", 0},
	{"hevc.mp4", picture + " -c:v libx265 -preset fast -x265-params log-level=none:bframes=4:keyint=25 -pix_fmt yuv420p", "yuv420p", 0},
	{"hevc-10.mp4", picture + " -c:v libx265 -preset fast -x265-params log-level=none:bframes=4 -pix_fmt yuv420p10le", "yuv420p10le", 0},
	{"hevc-open.mp4", picture + " -c:v libx265 -preset fast -x265-params log-level=none:bframes=4:open-gop=1:keyint=12 -pix_fmt yuv420p", "yuv420p", 0},
	{"hevc.hevc", picture + " -c:v libx265 -preset fast -x265-params log-level=none:bframes=3:keyint=20 -pix_fmt yuv420p", "yuv420p", 2},
	{"vp8.webm", picture + " -c:v libvpx -deadline realtime -cpu-used 8 -auto-alt-ref 1 -lag-in-frames 16 -g 25", "yuv420p", 0},
	{"vp9.webm", picture + " -c:v libvpx-vp9 -deadline good -cpu-used 5 -auto-alt-ref 1 -lag-in-frames 16 -g 25", "yuv420p", 0},
	{"vp9-12.webm", picture + " -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p12le -profile:v 2", "yuv420p12le", 0},
	{"av1.mp4", picture + " -c:v libaom-av1 -cpu-used 8 -lag-in-frames 16 -g 12 -frames:v 30", "yuv420p", 0},
	{"av1-10.mkv", picture + " -c:v libaom-av1 -cpu-used 8 -frames:v 16 -pix_fmt yuv420p10le", "yuv420p10le", 0},
	{"mpeg4.mp4", picture + " -c:v mpeg4 -bf 2 -g 25 -q:v 3", "yuv420p", 0},
	{"mpeg4.avi", picture + " -c:v mpeg4 -bf 2 -g 25 -q:v 3", "yuv420p", 0.05},
	{"xvid.avi", picture + " -c:v libxvid -bf 2 -g 25 -q:v 3", "yuv420p", 0.05},
	{"mpeg2.mpg", picture + " -c:v mpeg2video -bf 2 -g 25 -q:v 3", "yuv420p", 2},
	{"mjpeg.mp4", picture + " -c:v mjpeg -q:v 3", "yuv420p", 0},
	{"ffv1.mkv", picture + " -c:v ffv1 -pix_fmt yuv420p", "yuv420p", 0},
	{"raw.avi", picture + " -c:v rawvideo -pix_fmt yuv420p", "yuv420p", 0},
	{"gray.mkv", picture + " -c:v ffv1 -pix_fmt gray", "gray", 0},
}

// TestPictures compares every picture and its time with the ffmpeg program's, with frame threads and without.
func TestPictures(t *testing.T) {
	for _, c := range pictureVectors {
		t.Run(c.name, func(t *testing.T) {
			path := vector(t, c.name, c.args)
			want := references(t, path)
			for _, threads := range []int{1, 4} {
				var got []reference
				s, err := openFile(path)
				if err != nil {
					t.Fatal(err)
				}
				times := map[media.Time]media.Span{}
				d := &trackDecoder{options: decode.Options{Threads: threads}}
				d.onVideo = func(v *frame.Video) {
					if v.Format.Name != c.pixel || v.Crop.W != 322 || v.Crop.H != 182 && c.name != "h264-interlaced.mp4" {
						t.Fatalf("picture %+v of %v", v.Format, v.Crop)
					}
					if dur, ok := times[v.PTS]; !ok || dur != v.Duration {
						t.Fatalf("picture at %v for %v: no coded frame says that", v.PTS, v.Duration)
					}
					delete(times, v.PTS)
					if n := len(got); n > 0 && got[n-1].pts >= float64(v.PTS) {
						t.Fatalf("picture at %v after %v", v.PTS, got[n-1].pts)
					}
					got = append(got, reference{float64(v.PTS), v.Checksum()})
				}
				err = s.frames(func(_ uint32, f *media.CodedFrame) error {
					if _, twice := times[f.PTS]; twice {
						t.Fatalf("two coded frames at %v", f.PTS)
					}
					times[f.PTS] = f.Duration
					return d.add(f)
				})
				s.Close()
				if err == nil {
					err = d.finish()
				}
				if err != nil || d.errors != 0 || d.corrupt != 0 {
					t.Fatalf("%v, %d rejected, %d corrupt", err, d.errors, d.corrupt)
				}
				compare(t, got, want, cmp.Or(c.loose, 0.001))
				if len(times) != 0 {
					t.Errorf("%d coded frames gave no picture", len(times))
				}
			}
		})
	}
}

// compare expects equal pictures in equal order; times may differ by tolerance, but all by the same.
func compare(t *testing.T, got, want []reference, tolerance float64) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Fatalf("%d pictures, want %d", len(got), len(want))
	}
	shift := got[0].pts - want[0].pts
	if math.Abs(shift) > tolerance {
		t.Errorf("first picture at %v, want %v", got[0].pts, want[0].pts)
	}
	for i := range got {
		if got[i].sum != want[i].sum {
			t.Fatalf("picture %d at %v: checksum %08x, want %08x", i, got[i].pts, got[i].sum, want[i].sum)
		}
		if math.Abs(got[i].pts-want[i].pts-shift) > 0.0011 {
			t.Fatalf("picture %d at %v, want %v", i, got[i].pts, want[i].pts+shift)
		}
	}
}

// TestDecodeOnly drops exactly the pictures of the coded frames that say so, however they are reordered.
func TestDecodeOnly(t *testing.T) {
	for _, name := range []string{"h264.mp4", "hevc.mp4", "vp9.webm", "av1.mp4", "mpeg4.mp4"} {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(pictureVectors, func(c struct {
				name, args string
				pixel      string
				loose      float64
			}) bool {
				return c.name == name
			})
			frames := codedFrames(t, vector(t, name, pictureVectors[i].args), media.Video)
			for _, threads := range []int{1, 3} {
				var want, got []media.Time
				d := &trackDecoder{options: decode.Options{Threads: threads}, onVideo: func(v *frame.Video) { got = append(got, v.PTS) }}
				for k := range frames {
					f := frames[k]
					if f.DecodeOnly = k%3 == 1 || k > 30; !f.DecodeOnly {
						want = append(want, f.PTS)
					}
					if err := d.add(&f); err != nil {
						t.Fatal(err)
					}
				}
				if err := d.finish(); err != nil {
					t.Fatal(err)
				}
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%d threads: pictures at %v\nwant %v", threads, got, want)
				}
			}
		})
	}
}

// codedFrames reads all frames of the first track of a kind.
func codedFrames(t testing.TB, path string, kind media.Kind) []media.CodedFrame {
	t.Helper()
	s, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var id uint32
	for _, tr := range s.Tracks() {
		if tr.Kind == kind && id == 0 {
			id = tr.ID
		}
	}
	var out []media.CodedFrame
	if err := s.frames(func(track uint32, f *media.CodedFrame) error {
		if track == id {
			out = append(out, *f)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}
