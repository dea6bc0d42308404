package fetch_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"mseplayer/player/fetch"
)

// proxiedVariable makes the test program fetch the URL that it holds, print what came, and end: which proxy there is, is
// read once per process.
const proxiedVariable = "FETCH_TEST_PROXIED"

// proxied does that.
func proxied(url string) int {
	c, err := fetch.New(fetch.Config{Attempts: 1})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer c.Close()
	b, _, err := get(c, url, fetch.Segment, fetch.Range{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Print(string(b))
	return 0
}

// socks does a proxy's part of the beginning of SOCKS version 5 (RFC 1928).
func socks(conn io.ReadWriter, r *bufio.Reader) error {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	if _, err := r.Discard(int(head[1])); err != nil {
		return err
	}
	if _, err := conn.Write([]byte{5, 0}); err != nil {
		return err
	}
	name := make([]byte, 5)
	if _, err := io.ReadFull(r, name); err != nil {
		return err
	}
	if name[3] != 3 {
		return fmt.Errorf("address of type %d, want a name", name[3])
	}
	if _, err := r.Discard(int(name[4]) + 2); err != nil {
		return err
	}
	_, err := conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	return err
}

// TestProxy reaches a host that does not exist by the proxies that know it.
func TestProxy(t *testing.T) {
	for _, scheme := range []string{"http", "socks5", "socks5h"} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 1)
		go func() {
			conn, err := ln.Accept()
			if err != nil {
				failed <- err
				return
			}
			defer conn.Close()
			r := bufio.NewReader(conn)
			if scheme != "http" {
				err = socks(conn, r)
			}
			var req *http.Request
			if err == nil {
				req, err = http.ReadRequest(r)
			}
			if err == nil {
				_, err = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s by %s", req.Host, scheme)
			}
			failed <- err
		}()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), proxiedVariable+"=http://h.invalid/x", "HTTP_PROXY="+scheme+"://"+ln.Addr().String())
		out, err := cmd.CombinedOutput()
		ln.Close()
		if err := <-failed; err != nil {
			t.Errorf("%s: the proxy: %v", scheme, err)
		}
		if want := "h.invalid by " + scheme; err != nil || string(out) != want {
			t.Errorf("%s: got %q, %v; want %q", scheme, out, err, want)
		}
	}
}
