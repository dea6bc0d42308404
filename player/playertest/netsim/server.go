package netsim

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
)

// Server answers every host name and port with one handler.
type Server struct {
	// immutable after Start
	Handler http.Handler

	conns chan net.Conn
	done  chan struct{} // closed by Close
	once  sync.Once
	http  *http.Server
	group sync.WaitGroup
}

// Start begins to serve.
func (s *Server) Start() {
	s.conns, s.done = make(chan net.Conn), make(chan struct{})
	s.http = &http.Server{Handler: s.Handler, ErrorLog: log.New(io.Discard, "", 0)}
	s.group.Go(func() { _ = s.http.Serve(listener{s}) }) // it always returns that it was closed
}

// Dial connects to the server, whatever the address. It is what a client's configuration takes.
func (s *Server) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case s.conns <- there:
		return here, nil
	case <-s.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Close ends all connections and returns when nothing serves any more.
func (s *Server) Close() {
	s.once.Do(func() { close(s.done) })
	_ = s.http.Close() // of what it could complain about, nothing exists here
	s.group.Wait()
}

// listener gives the server its connections.
type listener struct{ s *Server }

func (l listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.s.conns:
		return c, nil
	case <-l.s.done:
		return nil, net.ErrClosed
	}
}

func (l listener) Close() error   { return nil }
func (l listener) Addr() net.Addr { return &net.TCPAddr{} }
