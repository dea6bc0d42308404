package player_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/mse/msetest"
	"mseplayer/player"
	"mseplayer/player/crypt"
	"mseplayer/player/decode"
	"mseplayer/player/playertest"
	"mseplayer/player/playertest/netsim"
)

// The keys of what the tests protect: one for video, one for sound.
var (
	videoKey = crypt.Key{KID: [16]byte{1, 15: 1}, Key: [16]byte{2, 15: 2}}
	soundKey = crypt.Key{KID: [16]byte{3, 15: 3}, Key: [16]byte{4, 15: 4}}
)

// protected is a presentation whose video is encrypted with a scheme, and its sound too.
func protected(scheme, protection string) fstest.MapFS {
	return playertest.Package{Periods: []float64{6}, Protection: protection, Protect: func(id string, t *msetest.BuilderTrack) {
		k := videoKey
		if id == "a" {
			k = soundKey
		}
		t.Protect(scheme, k.KID, k.Key, 0)
	}}.Files()
}

func licenseOf(keys ...crypt.Key) *fstest.MapFile {
	var list []string
	for _, k := range keys {
		list = append(list, fmt.Sprintf(`{"kty":"oct","kid":%q,"k":%q}`, base64.RawURLEncoding.EncodeToString(k.KID[:]), base64.RawURLEncoding.EncodeToString(k.Key[:])))
	}
	return &fstest.MapFile{Data: []byte(`{"keys":[` + strings.Join(list, ",") + `],"type":"temporary"}`)}
}

const (
	widevine = `<ContentProtection schemeIdUri="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"/>`
	laURL    = `<ContentProtection schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e" xmlns:dashif="https://dashif.org/CPS"><dashif:Laurl>license.json</dashif:Laurl></ContentProtection>`
)

// TestProtected plays encrypted media to its end.
func TestProtected(t *testing.T) {
	both := crypt.Config{Keys: []crypt.Key{videoKey, soundKey}}
	for _, c := range []struct {
		name, scheme, protection string
		keys                     crypt.Config
	}{
		{"cenc", "cenc", "", both},
		{"cens", "cens", "", both},
		{"cbc1", "cbc1", "", both},
		{"cbcs", "cbcs", widevine, both},
		{"license", "cenc", "", crypt.Config{License: "pkg:///license.json"}},
		{"license that the manifest names", "cenc", widevine + laURL, crypt.Config{}},
		{"one key given, the other from the license", "cbcs", laURL, crypt.Config{Keys: []crypt.Key{soundKey}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				files := protected(c.scheme, c.protection)
				files["license.json"] = licenseOf(videoKey, soundKey)
				r := newRig(t, files, player.Config{Keys: c.keys})
				defer r.stop()
				r.open()
				r.p.Play()
				r.finish(10 * time.Second)
				rep := r.report()
				if rep.Error != nil || rep.Frames.Decoded != 150 || rep.Frames.DecodeErrors != 0 || rep.Quality.Corrupted != 0 {
					t.Errorf("error %s, %d pictures, %d errors", deref(rep.Error), rep.Frames.Decoded, rep.Frames.DecodeErrors)
				}
			})
		})
	}
}

// TestProtected_Keys ends playback where a key is missing or wrong, for whichever track that plays.
func TestProtected_Keys(t *testing.T) {
	wrong := videoKey
	wrong.Key[3]++
	for _, c := range []struct {
		name, protection string
		cfg              player.Config
		want             []string
	}{
		{"none for pictures", widevine, player.Config{Keys: crypt.Config{Keys: []crypt.Key{soundKey}}}, []string{"video: ", "01000000000000000000000000000001", "cenc, widevine", "--key"}},
		{"none for sound", "", player.Config{Keys: crypt.Config{Keys: []crypt.Key{videoKey}}}, []string{"audio: ", "03000000000000000000000000000003"}},
		{"none for sound that is not wanted", "", player.Config{AudioTrack: player.None, Keys: crypt.Config{Keys: []crypt.Key{videoKey}}}, nil},
		{"wrong", "", player.Config{Keys: crypt.Config{Keys: []crypt.Key{wrong, soundKey}}}, []string{"video: ", "01000000000000000000000000000001 is wrong"}},
		{"license without them", laURL, player.Config{}, []string{"pkg:///license.json", "its license has other keys"}},
		{"no license", strings.Replace(laURL, "license.json", "nothing.json", 1), player.Config{}, []string{"nothing.json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				files := protected("cenc", c.protection)
				files["license.json"] = licenseOf(crypt.Bare([16]byte{9}))
				r := newRig(t, files, c.cfg)
				defer r.stop()
				r.open()
				r.p.Play()
				r.finish(10 * time.Second)
				err := r.p.Err()
				if c.want == nil {
					if err != nil {
						t.Errorf("error %v", err)
					}
					return
				}
				var key *decode.KeyError
				if !errors.As(err, &key) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("error %v", err)
				}
				for _, w := range c.want {
					if !strings.Contains(err.Error(), w) {
						t.Errorf("error %v, want %q in it", err, w)
					}
				}
			})
		})
	}
}

// TestProtected_NoKeys plays without any key: the failure names the key of the pictures, then that of the sound, whichever was
// missed first.
func TestProtected_NoKeys(t *testing.T) {
	for _, rate := range []float64{0.5e6, 8e6} {
		within(t, func(t *testing.T) {
			r := newNetRig(t, protected("cenc", ""), &netsim.Line{Steps: []netsim.Step{{BitsPerSecond: rate}}, Delay: 40 * time.Millisecond}, player.Config{})
			defer r.stop()
			r.open()
			r.p.Play()
			r.finish(10 * time.Second)
			text := fmt.Sprint(r.p.Err())
			v, a := strings.Index(text, "video:"), strings.Index(text, "audio:")
			if v < 0 || a < v || strings.Contains(text, "\n") || !strings.Contains(text, "0100000000000000") || !strings.Contains(text, "0300000000000000") {
				t.Errorf("%s", text)
			}
		})
	}
}

// TestProtected_OneKey plays with the key of one kind only: the failure names the other one.
func TestProtected_OneKey(t *testing.T) {
	for want, key := range map[string]crypt.Key{"audio:": videoKey, "video:": soundKey} {
		within(t, func(t *testing.T) {
			r := newRig(t, protected("cenc", ""), player.Config{Keys: crypt.Config{Keys: []crypt.Key{key}}})
			defer r.stop()
			r.open()
			r.p.Play()
			r.finish(10 * time.Second)
			text := fmt.Sprint(r.p.Err())
			if !strings.Contains(text, want) || strings.Contains(text, "video:") && strings.Contains(text, "audio:") {
				t.Errorf("%s", text)
			}
		})
	}
}
