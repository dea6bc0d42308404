package render

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// ErrNoDisplay is returned, wrapped, when there is no display to open a window on.
var ErrNoDisplay = errors.New("render: no display")

// dialTimeout bounds how long a remote X server may take to answer.
const dialTimeout = 3 * time.Second

// checkDisplay finds out whether a window can be opened, before the graphics library tries: where it finds no X
// server it would take over a console's frame buffer.
func checkDisplay(getenv func(string) string) error {
	switch runtime.GOOS {
	case "linux", "freebsd", "netbsd", "openbsd":
	default:
		return nil
	}
	d := getenv("DISPLAY")
	if d == "" {
		if getenv("WAYLAND_DISPLAY") != "" {
			return fmt.Errorf("%w: DISPLAY is not set; on Wayland the window needs Xwayland", ErrNoDisplay)
		}
		return fmt.Errorf("%w: DISPLAY is not set", ErrNoDisplay)
	}
	network, addresses, err := displayAddresses(d)
	if err != nil {
		return fmt.Errorf("%w: DISPLAY=%s: %w", ErrNoDisplay, d, err)
	}
	for _, a := range addresses {
		var c net.Conn
		if c, err = net.DialTimeout(network, a, dialTimeout); err == nil {
			_ = c.Close() // nothing was said on it
			return nil
		}
	}
	return fmt.Errorf("%w: DISPLAY=%s: %w", ErrNoDisplay, d, err)
}

// displayAddresses tells where the X server of a display name, [HOST]:NUMBER[.SCREEN], listens.
func displayAddresses(d string) (network string, addresses []string, err error) {
	i := strings.LastIndexByte(d, ':')
	if i < 0 {
		return "", nil, errors.New("no display number")
	}
	host := d[:i]
	number, _, _ := strings.Cut(d[i+1:], ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > 59535 {
		return "", nil, errors.New("no display number")
	}
	switch {
	case host == "" || host == "unix":
		path := "/tmp/.X11-unix/X" + strconv.Itoa(n)
		return "unix", []string{"@" + path, path}, nil
	case strings.HasPrefix(host, "/"):
		return "unix", []string{host + ":" + strconv.Itoa(n), host}, nil
	default:
		return "tcp", []string{net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(6000+n))}, nil
	}
}
