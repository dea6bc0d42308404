package stream_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/abr"
	"mseplayer/player/crypt"
	"mseplayer/player/manifest"
	"mseplayer/player/stream"
)

// lazy is a list of segments that is loaded, in one version after the other.
type lazy struct {
	lists []*manifest.List
	loads int
}

func (l *lazy) Load(manifest.Getter) (*manifest.List, error) {
	v := l.lists[min(l.loads, len(l.lists)-1)]
	l.loads++
	return v, nil
}

// spliced describes two movies, played one after the other: segments 0 to 4 of the first, whose own times begin at 1000 s,
// then those of the second, whose own begin at 5 s.
func spliced(edit func(*manifest.SegmentRef), edits ...func(*msetest.BuilderTrack)) (fstest.MapFS, *manifest.Presentation) {
	files := fstest.MapFS{}
	movie(files, "x", 10, 1000, 100_000, edits...)
	movie(files, "y", 10, 5, 100_000, edits...)
	list := func(kind string) *lazy {
		var first, second = &manifest.Resource{URL: "org:///x" + kind + "-init"}, &manifest.Resource{URL: "org:///y" + kind + "-init"}
		return &lazy{lists: []*manifest.List{{Index: index{"x" + kind + "-", 0, 10, time.Time{}, func(s *manifest.SegmentRef) {
			s.Init, s.Discontinuity = first, 3
			if s.Number >= 5 {
				s.URL, s.Init, s.Discontinuity = fmt.Sprintf("org:///y%s-%d", kind, s.Number-5), second, 4
			}
			if edit != nil {
				edit(s)
			}
		}}}}}
	}
	v, a := rep(manifest.Video, "v", "0", "", nil), rep(manifest.Audio, "a", "0", "", nil)
	for _, r := range []*manifest.Representation{v, a} {
		r.Init, r.Floating, r.Segments = nil, true, nil
	}
	v.Lazy, a.Lazy = list("v"), list("a")
	return files, &manifest.Presentation{Format: manifest.HLS, URL: "org:///m", Periods: []*manifest.Period{period("0", 0, 0, v, a)}}
}

// TestFloating plays media whose own times do not say where it belongs.
func TestFloating(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files, pres := spliced(nil)
		r := start(t, &origin{files: files}, pres, stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		r.ended(25 * time.Second)
		if got := r.pictures(); got != "0.00-19.96" {
			t.Errorf("shown %s", got)
		}
		if d, known := r.el.Duration(); !known || d < 19.99 || d > 20.1 {
			t.Errorf("duration %v", d)
		}
		if r.stalls() != 0 || len(r.engine.Gaps()) != 0 {
			t.Errorf("stalls %v, gaps %v", r.el.Report().Stalls, r.engine.Gaps())
		}
	})
}

// TestFloating_Repeats plays segments whose times begin anew though the playlist does not say so.
func TestFloating_Repeats(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files, pres := spliced(func(s *manifest.SegmentRef) {
			kind := s.Init.URL[len("org:///x") : len("org:///x")+1]
			s.URL, s.Discontinuity = fmt.Sprintf("org:///x%s-%d", kind, s.Number%5), 3
			s.Init = &manifest.Resource{URL: "org:///x" + kind + "-init"}
		})
		r := start(t, &origin{files: files}, pres, stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		r.ended(25 * time.Second)
		if got := r.pictures(); got != "0.00-19.96" || r.stalls() != 0 {
			t.Errorf("shown %s, stalls %v\n%s", got, r.el.Report().Stalls, r.log.String())
		}
	})
}

// TestFloating_Seek begins in the second stretch, goes back to the first, and on to the end.
func TestFloating_Seek(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files, pres := spliced(nil)
		r := start(t, &origin{files: files}, pres, stream.ProgramOptions{}, nil)
		defer r.stop()
		for _, at := range []media.Time{15, 3, 12.3, 9.9} {
			r.el.Seek(at)
			time.Sleep(time.Second)
			all := r.surface.Pictures()
			if last := all[len(all)-1]; last.PTS > at+1e-6 || last.PTS < at-0.041 {
				t.Errorf("seek to %v shows %v", at, last.PTS)
			}
		}
		r.el.Play()
		r.ended(15 * time.Second)
		if got := r.pictures(); !strings.HasSuffix(got, "9.88-19.96") {
			t.Errorf("shown %s", got)
		}
	})
}

// TestGap leaves out what the playlist says is missing, and jumps over it.
func TestGap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files, pres := spliced(func(s *manifest.SegmentRef) { s.Gap = s.Number == 2 })
		r := start(t, &origin{files: files}, pres, stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		r.ended(25 * time.Second)
		if got := r.pictures(); got != "0.00-3.96 6.00-19.96" {
			t.Errorf("shown %s", got)
		}
		if lost := r.prog.Lost(); len(lost) != 2 || lost[0].From != 4 || lost[0].To != 6 || lost[0].URL != "" || r.stalls() != 0 {
			t.Errorf("lost %v, stalls %v", lost, r.el.Report().Stalls)
		}
	})
}

// TestGap_Around takes what one representation lacks from the next one in bandwidth that has it, and leaves out what none
// has.
func TestGap_Around(t *testing.T) {
	for _, tt := range []struct {
		name, used, shown string
		sel               map[manifest.Kind]stream.Selector
	}{
		{"no choice", "v0@0() v1@4(gap) v0@6() v2@8(gap) v0@10()", "0.00-11.96 14.00-19.96", nil},
		{"adapting", "v1@0(choice 1) v0@4(gap) v1@6() v2@8(gap) v1@10()", "0.00-11.96 14.00-19.96",
			map[manifest.Kind]stream.Selector{manifest.Video: &choices{choose: func(abr.State) int { return 1 }}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				files, pres := rungs()
				own := 0
				if tt.sel != nil {
					own = 1
				}
				for i, r := range pres.Periods[0].Sets[0].Representations {
					x := r.Segments.(index)
					x.edit = func(s *manifest.SegmentRef) {
						// The first choice lacks 2, 4 and 6, the other of the first two lacks 4 and 6, and the last one lacks 6.
						s.Gap = s.Number == 6 || s.Number == 4 && i < 2 || s.Number == 2 && i == own
					}
					r.Segments = x
				}
				r := start(t, &origin{files: files}, pres, stream.ProgramOptions{}, tt.sel)
				defer r.stop()
				r.el.Play()
				r.ended(25 * time.Second)
				if got := used(r.feeds[0]); got != tt.used {
					t.Errorf("used %s, want %s", got, tt.used)
				}
				if got := r.pictures(); got != tt.shown {
					t.Errorf("shown %s, want %s", got, tt.shown)
				}
				if lost := r.prog.Lost(); len(lost) != 1 || lost[0].From != 12 || lost[0].To != 14 || r.stalls() != 0 {
					t.Errorf("lost %v, stalls %v", lost, r.el.Report().Stalls)
				}
			})
		})
	}
}

// TestListThatGrows plays a playlist that gets a segment every two seconds, until its end.
func TestListThatGrows(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files, pres := spliced(nil)
		for _, set := range pres.Periods[0].Sets {
			r := set.Representations[0]
			all := r.Lazy.(*lazy).lists[0].Index.(index)
			r.Lazy = &grower{begun: time.Now(), all: all}
		}
		r := start(t, &origin{files: files}, pres, stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		time.Sleep(3 * time.Second)
		if l := r.prog.Latency(); !l.Live || l.Target != 6 || !near(l.Is, 6, 2.1) {
			t.Errorf("latency %+v", l)
		}
		r.ended(35 * time.Second)
		if got := r.pictures(); got != "4.00-19.96" {
			t.Errorf("shown %s\n%s", got, r.log.String())
		}
		if r.stalls() != 0 || len(r.prog.Lost()) != 0 {
			t.Errorf("stalls %v, lost %v", r.el.Report().Stalls, r.prog.Lost())
		}
	})
}

// grower is a playlist of five segments that gets another one every two seconds.
type grower struct {
	begun time.Time
	all   index
}

func (g *grower) Load(manifest.Getter) (*manifest.List, error) {
	x := g.all
	x.to = min(5+int(time.Since(g.begun).Seconds()/2), g.all.to)
	l := &manifest.List{Index: x, Growing: x.to < g.all.to, Reload: 2 * time.Second}
	if l.Growing {
		l.Live = &manifest.Live{Depth: media.Span(media.Forever)}
	}
	return l, nil
}

func encrypt(t *testing.T, method manifest.KeyMethod, key []byte, iv [16]byte, p []byte) []byte {
	t.Helper()
	b, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	out := append([]byte(nil), p...)
	if method == manifest.AES256CTR {
		cipher.NewCTR(b, iv[:]).XORKeyStream(out, out)
		return out
	}
	n := aes.BlockSize - len(out)%aes.BlockSize
	for range n {
		out = append(out, byte(n))
	}
	cipher.NewCBCEncrypter(b, iv[:]).CryptBlocks(out, out)
	return out
}

// TestEncrypted plays segments that are encrypted as a whole.
func TestEncrypted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		method manifest.KeyMethod
		size   int
		served func([]byte) []byte
		want   []string // of the error, nil for none
	}{
		{"AES-128", manifest.AES128, 16, nil, nil},
		{"AES-256", manifest.AES256, 32, nil, nil},
		{"AES-256-CTR", manifest.AES256CTR, 32, nil, nil},
		{"a key that is too short", manifest.AES128, 16, func(k []byte) []byte { return k[:10] }, []string{"org:///key", "10 bytes", "segment 0"}},
		{"another key", manifest.AES128, 16, func(k []byte) []byte { return append(k[1:16:16], 9) }, []string{"segment 0"}},
		{"no key", manifest.AES128, 16, func([]byte) []byte { return nil }, []string{"org:///key", "segment 0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				key := &manifest.Key{Method: tt.method, Resource: manifest.Resource{URL: "org:///key"}, Format: "identity", IV: &[16]byte{9}}
				secret := []byte("0123456789abcdef0123456789ABCDEF")[:tt.size]
				files, pres := spliced(func(s *manifest.SegmentRef) {
					s.Key, s.IV, s.InitKey = key, [16]byte{15: byte(s.Number)}, key
				})
				for name, f := range files {
					iv := [16]byte{9}
					if !strings.HasSuffix(name, "-init") {
						var n int
						if _, err := fmt.Sscanf(name[3:], "%d", &n); err != nil {
							t.Fatal(err)
						}
						if name[0] == 'y' {
							n += 5
						}
						iv = [16]byte{15: byte(n)}
					}
					f.Data = encrypt(t, tt.method, secret, iv, f.Data)
				}
				served := secret
				if tt.served != nil {
					served = tt.served(secret)
				}
				files["key"] = &fstest.MapFile{Data: served}
				if served == nil {
					delete(files, "key")
				}
				org := &origin{files: files}
				r := start(t, org, pres, stream.ProgramOptions{}, nil)
				defer r.stop()
				r.el.Play()
				if tt.want != nil {
					err := <-r.failed
					r.failed <- err
					for _, w := range tt.want {
						if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "initialization segment", "segment 0"), w) || strings.Contains(err.Error(), "\n") {
							t.Errorf("error %v, want %q in it", err, w)
						}
					}
					var se *stream.Error
					if !errors.As(err, &se) {
						t.Errorf("%T", err)
					}
					return
				}
				r.ended(25 * time.Second)
				if got := r.pictures(); got != "0.00-19.96" {
					t.Errorf("shown %s", got)
				}
				if n := strings.Count(strings.Join(org.asked, " ")+" ", "key "); n > 2 {
					t.Errorf("the key was asked for %d times", n)
				}
			})
		})
	}
}

// TestSampleKeys plays media whose samples are encrypted with keys that the playlist has at URLs: one for each stretch, while
// the media names others.
func TestSampleKeys(t *testing.T) {
	first, second := [16]byte{1, 15: 2}, [16]byte{3, 15: 4}
	for _, tt := range []struct {
		name   string
		served []byte   // the second key
		want   []string // of the error, nil for none
	}{
		{"keys", second[:], nil},
		{"another key", bytes.Repeat([]byte{7}, 16), []string{"is wrong"}},
		{"a key that is too short", second[:9], []string{"org:///key2", "has 9 bytes, not 16", "segment 5"}},
		{"no key", nil, []string{"org:///key2", "segment 5"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				keys := []*manifest.Key{{Method: manifest.SampleAES, Resource: manifest.Resource{URL: "org:///key1"}}, {Method: manifest.SampleAES, Resource: manifest.Resource{URL: "org:///key2"}, Format: "identity"}}
				movies := 0
				files, pres := spliced(func(s *manifest.SegmentRef) { s.Key = keys[min(1, s.Number/5)] }, func(b *msetest.BuilderTrack) {
					secret := first
					if movies++; movies > 2 { // pictures and sound of the first
						secret = second
					}
					b.Protect(media.SchemeCBCS, [16]byte{9}, secret, 0)
				})
				files["key1"], files["key2"] = &fstest.MapFile{Data: first[:]}, &fstest.MapFile{Data: tt.served}
				if tt.served == nil {
					delete(files, "key2")
				}
				org := &origin{files: files}
				r := start(t, org, pres, stream.ProgramOptions{Keys: crypt.New(crypt.Config{}, nil)}, nil)
				defer r.stop()
				r.el.Play()
				if tt.want == nil {
					r.ended(25 * time.Second)
					if got := r.pictures(); got != "0.00-19.96" || r.stalls() != 0 {
						t.Errorf("shown %s, stalls %v", got, r.el.Report().Stalls)
					}
					if n := strings.Count(strings.Join(org.asked, " ")+" ", "key"); n > 4 {
						t.Errorf("keys were asked for %d times", n)
					}
					return
				}
				for begun := time.Now(); r.el.Error() == nil && time.Since(begun) < 30*time.Second; {
					time.Sleep(100 * time.Millisecond)
				}
				err := r.el.Error()
				for _, w := range tt.want {
					if err == nil || !strings.Contains(err.Error(), w) || strings.Contains(err.Error(), "\n") {
						t.Errorf("error %v, want %q in it", err, w)
					}
				}
			})
		})
	}
}

// TestPictures plays a list of single pictures: each is cut out of a fragment, and shown as long as the list says.
func TestPictures(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files, pres := spliced(nil)
		set := pres.Periods[0]
		set.Sets = set.Sets[:1] // pictures only
		list := set.Sets[0].Representations[0].Lazy.(*lazy).lists[0]
		all := list.Index.(index)
		all.edit = func(edit func(*manifest.SegmentRef)) func(*manifest.SegmentRef) {
			return func(s *manifest.SegmentRef) {
				edit(s)
				// Every other one has a length of its own, and none is where the media's times would put it.
				s.Start, s.Duration = media.Time(s.Number/2)*3+media.Time(s.Number%2), 1+media.Span(s.Number%2)
				s.Range = manifest.Range{End: int64(len(files[strings.TrimPrefix(s.URL, "org:///")].Data)) / 2}
			}
		}(all.edit)
		list.Index, list.Pictures = all, true
		r := start(t, &origin{files: files}, pres, stream.ProgramOptions{}, nil)
		defer r.stop()
		r.el.Play()
		r.ended(20 * time.Second)
		var got []string
		for _, p := range r.surface.Pictures() {
			if p.PTS == media.Time(int(p.PTS)) {
				got = append(got, fmt.Sprint(p.PTS))
			}
		}
		if want := "[0 1 3 4 6 7 9 10 12 13]"; fmt.Sprint(got) != want {
			t.Errorf("pictures at %v, want %s\n%s", got, want, r.log.String())
		}
		if d, known := r.el.Duration(); !known || d != 15 || r.stalls() != 0 || len(r.engine.Gaps()) != 0 || len(r.prog.Lost()) != 0 {
			t.Errorf("duration %v, stalls %v, gaps %v, lost %v", d, r.el.Report().Stalls, r.engine.Gaps(), r.prog.Lost())
		}
	})
}
