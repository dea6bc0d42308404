// Package xvfb runs a virtual X server for tests that need a window: one of any size on a free display number, whose
// screen can be read back.
//
// # Ownership
//
// Who starts a [Server] closes it. Close stops the X server and removes its files; should the test process die
// first, the kernel stops the server with it (on Linux).
//
// # Concurrency
//
// A Server may be used from any goroutine. One goroutine per server waits for its process.
//
// # Errors
//
// Start fails when the program Xvfb is missing or does not become ready in time; the error carries what it printed.
package xvfb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// startTimeout is how long a server may take until it accepts connections.
	startTimeout = 20 * time.Second
	// stopTimeout is how long it may take to end after it was asked to.
	stopTimeout = 5 * time.Second
	// maxSide bounds the screen in pixels.
	maxSide = 16384
	// maxStderr bounds what is kept of the server's messages.
	maxStderr = 4 << 10
	// depth is the bits per pixel of the screen.
	depth = 24
)

// Server is a running X server.
type Server struct {
	// Display is the value for the environment variable DISPLAY.
	Display string
	// Width and Height are the size of the screen in pixels.
	Width, Height int

	dir    string // holds the frame buffer file
	proc   *os.Process
	exited chan struct{} // closed by the waiting goroutine

	closeOnce sync.Once
	closeErr  error
}

// Start runs an X server with a screen of width × height pixels of 24 bits and returns when it accepts connections.
// It keeps running when its last client leaves.
func Start(width, height int) (*Server, error) {
	if width < 1 || height < 1 || width > maxSide || height > maxSide {
		return nil, fmt.Errorf("xvfb: screen of %d×%d: each side must be within 1 and %d", width, height, maxSide)
	}
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		return nil, fmt.Errorf("xvfb: the program Xvfb is needed: %w", err)
	}
	dir, err := os.MkdirTemp("", "xvfb")
	if err != nil {
		return nil, fmt.Errorf("xvfb: %w", err)
	}
	s := &Server{Width: width, Height: height, dir: dir, exited: make(chan struct{})}
	if err := s.start(path); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) start(path string) error {
	// The server picks the lowest free display number and tells it through this pipe once it is ready.
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("xvfb: %w", err)
	}
	defer func() { _ = r.Close() }() // only read from

	stderr := &tail{}
	cmd := exec.Command(path, "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx%d", s.Width, s.Height, depth),
		"-fbdir", s.dir, "-noreset", "-nolisten", "tcp")
	cmd.Stderr = stderr
	cmd.ExtraFiles = []*os.File{w} // file descriptor 3
	endWithParent(cmd)

	started := make(chan error, 1)
	go func() {
		// A child that is to end with its parent ends with the thread that started it, so that thread must stay.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // how a killed server ended is of no interest
		close(s.exited)
	}()
	err = <-started
	_ = w.Close() // the child has its own; without this a dead server would not end the read below
	if err != nil {
		return fmt.Errorf("xvfb: %w", err)
	}
	s.proc = cmd.Process

	if err := r.SetReadDeadline(time.Now().Add(startTimeout)); err != nil {
		return errors.Join(fmt.Errorf("xvfb: %w", err), s.stop())
	}
	var line []byte
	for b := make([]byte, 16); !bytes.ContainsRune(line, '\n') && len(line) < 64; {
		n, err := r.Read(b)
		line = append(line, b[:n]...)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("it ended")
			}
			stopped := s.stop()
			return errors.Join(fmt.Errorf("xvfb: not ready: %w: %s", err, stderr.String()), stopped)
		}
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(line)))
	if err != nil {
		return errors.Join(fmt.Errorf("xvfb: display number: %w", err), s.stop())
	}
	s.Display = ":" + strconv.Itoa(n)
	return nil
}

// Env returns the environment of this process with DISPLAY set to the server and WAYLAND_DISPLAY removed, for
// exec.Cmd.Env.
func (s *Server) Env() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "DISPLAY=") && !strings.HasPrefix(e, "WAYLAND_DISPLAY=") {
			env = append(env, e)
		}
	}
	return append(env, "DISPLAY="+s.Display)
}

// Xdotool runs the program of that name, which sends input to windows and tells of them, and returns what it prints
// without white space at the ends.
func (s *Server) Xdotool(args ...string) (string, error) {
	cmd := exec.Command("xdotool", args...)
	cmd.Env = s.Env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("xvfb: xdotool %v: %w: %s", args, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// Screenshot returns what the screen shows now.
func (s *Server) Screenshot() (*image.RGBA, error) {
	data, err := os.ReadFile(s.screenFile())
	if err != nil {
		return nil, fmt.Errorf("xvfb: %w", err)
	}
	img, err := decodeXWD(data)
	if err != nil {
		return nil, fmt.Errorf("xvfb: frame buffer: %w", err)
	}
	return img, nil
}

// Probe returns a function that tells what the pixel at x, y of the screen is now, fast enough to be called every millisecond,
// and one that frees what that takes.
func (s *Server) Probe(x, y int) (look func() (r, g, b uint8, err error), done func() error, err error) {
	if x < 0 || y < 0 || x >= s.Width || y >= s.Height {
		return nil, nil, fmt.Errorf("xvfb: pixel %d,%d of a screen of %d×%d", x, y, s.Width, s.Height)
	}
	f, err := os.Open(s.screenFile())
	if err != nil {
		return nil, nil, fmt.Errorf("xvfb: %w", err)
	}
	head := make([]byte, xwdHeaderBytes)
	if _, err = f.ReadAt(head, 0); err == nil {
		var d xwd
		if d, err = readXWD(head); err == nil {
			at := int64(d.start + y*d.stride + 4*x)
			var p [4]byte
			return func() (r, g, b uint8, err error) {
				if _, err := f.ReadAt(p[:], at); err != nil {
					return 0, 0, 0, fmt.Errorf("xvfb: frame buffer: %w", err)
				}
				r, g, b = d.pixel(p[:])
				return r, g, b, nil
			}, f.Close, nil
		}
	}
	return nil, nil, errors.Join(fmt.Errorf("xvfb: frame buffer: %w", err), f.Close())
}

// screenFile is what the server maps its frame buffer to, in the format of xwd.
func (s *Server) screenFile() string { return filepath.Join(s.dir, "Xvfb_screen0") }

// Close stops the server and waits for its end. Further calls return the same result.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		s.closeErr = errors.Join(s.stop(), os.RemoveAll(s.dir))
	})
	return s.closeErr
}

// stop asks the server to end, which makes it remove its lock and socket, and kills it when it does not.
func (s *Server) stop() error {
	_ = s.proc.Signal(os.Interrupt) // it may have ended by itself
	t := time.NewTimer(stopTimeout)
	defer t.Stop()
	select {
	case <-s.exited:
		return nil
	case <-t.C:
	}
	_ = s.proc.Kill()
	<-s.exited
	return fmt.Errorf("xvfb: the server %s did not end within %s and was killed", s.Display, stopTimeout)
}

// xwdHeaderBytes is the fixed part of the header of an X window dump.
const xwdHeaderBytes = 25 * 4

// xwd is an uncompressed TrueColor X window dump of 32 bits a pixel (XWDFile.h, version 7).
type xwd struct {
	width, height int
	start, stride int // bytes
	msb           bool
}

func readXWD(data []byte) (xwd, error) {
	if len(data) < xwdHeaderBytes {
		return xwd{}, errors.New("shorter than its header")
	}
	var h [xwdHeaderBytes / 4]uint32
	for i := range h {
		h[i] = binary.BigEndian.Uint32(data[i*4:])
	}
	const (
		headerSize, version, format                             = 0, 1, 2
		width, height, byteOrder, bitsPerPixel, stride, nColors = 4, 5, 7, 11, 12, 19
		zPixmap, colorSize                                      = 2, 12
	)
	if h[version] != 7 || h[format] != zPixmap || h[bitsPerPixel] != 32 {
		return xwd{}, fmt.Errorf("version %d, format %d, %d bits a pixel are not handled", h[version], h[format], h[bitsPerPixel])
	}
	d := xwd{int(h[width]), int(h[height]), int(h[headerSize]) + int(h[nColors])*colorSize, int(h[stride]), h[byteOrder] != 0}
	if d.width < 1 || d.height < 1 || d.width > maxSide || d.height > maxSide || d.stride < 4*d.width {
		return xwd{}, fmt.Errorf("%d×%d pixels in rows of %d bytes", d.width, d.height, d.stride)
	}
	return d, nil
}

// pixel takes the colours out of 4 bytes, 0x00RRGGBB in the order of the dump.
func (d xwd) pixel(p []byte) (r, g, b uint8) {
	if d.msb {
		return p[1], p[2], p[3]
	}
	return p[2], p[1], p[0]
}

func decodeXWD(data []byte) (*image.RGBA, error) {
	d, err := readXWD(data)
	if err != nil {
		return nil, err
	}
	if len(data)-d.start < d.stride*(d.height-1)+4*d.width {
		return nil, fmt.Errorf("%d×%d pixels in %d bytes", d.width, d.height, len(data))
	}
	img := image.NewRGBA(image.Rect(0, 0, d.width, d.height))
	for y := range d.height {
		src := data[d.start+y*d.stride:][:4*d.width]
		dst := img.Pix[y*img.Stride:][:4*d.width]
		for x := 0; x < len(src); x += 4 {
			dst[x], dst[x+1], dst[x+2] = d.pixel(src[x : x+4])
			dst[x+3] = 255
		}
	}
	return img, nil
}

// tail keeps the last bytes written to it.
type tail struct {
	mu sync.Mutex
	b  []byte // guarded by mu
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - maxStderr; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(string(t.b)), " ")
}
