package fetch_test

import (
	"encoding/pem"
	"io"
	"log"
	"os"
	"testing"
)

// TestMain takes away the proxies of whoever runs the tests: they are read once per process.
func TestMain(m *testing.M) {
	if url := os.Getenv(proxiedVariable); url != "" {
		os.Exit(proxied(url))
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"} {
		os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

// quiet keeps servers from writing about connections that tests cut.
var quiet = log.New(io.Discard, "", 0)

// certificatePEM encodes a certificate as a CA file holds it.
func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
