package ffmpeg_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mseplayer/player/frame"
)

// TestMain asserts at the end that nothing is left alive, and removes what was generated.
func TestMain(m *testing.M) {
	code := m.Run()
	if vectorDir != "" {
		os.RemoveAll(vectorDir)
	}
	if n := frame.Live(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d pictures or sound blocks were never released\n", n)
		code = 1
	}
	os.Exit(code)
}

var (
	vectorMu  sync.Mutex
	vectorDir string
)

// The generated sources: a moving picture that no multiple of 16 measures, and a tone in stereo.
const (
	picture = "-f lavfi -i testsrc2=size=322x182:rate=25:duration=2"
	// interlaced has a height that two fields can share.
	interlaced = "-f lavfi -i testsrc2=size=322x184:rate=50:duration=2,interlace"
	tone       = "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=2 -ac 2"
)

// vector generates a media file with the ffmpeg program, once for each name; args are separated by spaces.
func vector(t testing.TB, name, args string) string {
	t.Helper()
	vectorMu.Lock()
	defer vectorMu.Unlock()
	if vectorDir == "" {
		var err error
		if vectorDir, err = os.MkdirTemp("", "mseplayer-vectors-"); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(vectorDir, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	program(t, args+" "+path)
	return path
}

// program runs ffmpeg and returns what it prints.
func program(t testing.TB, args string) []byte {
	t.Helper()
	cmd := exec.Command("ffmpeg", strings.Fields("-hide_banner -nostdin -loglevel error -y -threads 2 "+args)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg %s: %v\n%s", args, err, stderr.Bytes())
	}
	return out
}

// reference is one decoded picture as the ffmpeg program sees it.
type reference struct {
	pts float64
	sum uint32
}

// references decodes the first video stream with the ffmpeg program.
func references(t testing.TB, path string) []reference {
	t.Helper()
	var out []reference
	base := 0.0
	for line := range strings.Lines(string(program(t, "-i "+path+" -map 0:v:0 -vsync passthrough -f framecrc -"))) {
		line = strings.TrimSpace(line)
		if s, ok := strings.CutPrefix(line, "#tb 0: "); ok {
			num, den, _ := strings.Cut(s, "/")
			n, _ := strconv.ParseFloat(num, 64)
			d, _ := strconv.ParseFloat(den, 64)
			base = n / d
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		v := strings.Split(line, ",")
		if len(v) < 6 {
			t.Fatalf("framecrc line %q", line)
		}
		pts, err1 := strconv.ParseFloat(strings.TrimSpace(v[2]), 64)
		sum, err2 := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(v[5]), "0x"), 16, 32)
		if err1 != nil || err2 != nil {
			t.Fatalf("framecrc line %q", line)
		}
		out = append(out, reference{pts * base, uint32(sum)})
	}
	return out
}
