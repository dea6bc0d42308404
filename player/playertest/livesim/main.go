// Command livesim serves the live presentations of livesim2, the DASH Industry Forum's live source simulator, with the
// content that comes with it, on the loopback interface only. Tests build and start it; it is a module of its own, so
// that nothing of it is part of the player.
//
// It prints the server's address on standard output and serves until it is killed.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/Dash-Industry-Forum/livesim2/cmd/livesim2/app"
	"github.com/Dash-Industry-Forum/livesim2/pkg/logging"
)

const module = "github.com/Dash-Industry-Forum/livesim2"

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "livesim:", err)
		os.Exit(1)
	}
}

func serve() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: livesim MODULE-DIRECTORY, as `go list -m -f {{.Dir}} %s` tells it", module)
	}
	data := filepath.Join(os.Args[1], "cmd", "livesim2", "app", "testdata")
	if err := logging.InitSlog("ERROR", "text"); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return err
	}
	host := "http://127.0.0.1:" + port
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	config, err := app.LoadConfig([]string{"livesim2", "--vodroot", filepath.Join(data, "assets"), "--drmcfgfile", filepath.Join(data, "drm.json"),
		"--port", port, "--host", host, "--timeoutS", "0", "--loglevel", "ERROR", "--repdataroot", "-"}, dir)
	if err != nil {
		return err
	}
	server, err := app.SetupServer(context.Background(), config)
	if err != nil {
		return err
	}
	fmt.Println(host)
	return http.Serve(ln, server.Router)
}
