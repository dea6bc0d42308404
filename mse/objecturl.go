package mse

import (
	"crypto/rand"
	"fmt"
	"sync"
)

// objectURLs is the process-wide blob URL store.
var objectURLs = struct {
	sync.Mutex
	m map[string]*MediaSource
}{m: map[string]*MediaSource{}}

// CreateObjectURL returns a new unique URL that stands for ms until it is revoked. A nil ms is a TypeError.
// FileAPI: createObjectURL.
func CreateObjectURL(ms *MediaSource) (string, error) {
	if ms == nil {
		return "", fail(TypeError, "URL.createObjectURL", "no MediaSource")
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	url := fmt.Sprintf("blob:null/%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	objectURLs.Lock()
	defer objectURLs.Unlock()
	objectURLs.m[url] = ms
	return url, nil
}

// RevokeObjectURL forgets the URL. What was resolved before stays attached.
func RevokeObjectURL(url string) {
	objectURLs.Lock()
	defer objectURLs.Unlock()
	delete(objectURLs.m, url)
}

// ResolveObjectURL returns the MediaSource that the URL stands for.
func ResolveObjectURL(url string) (*MediaSource, bool) {
	objectURLs.Lock()
	defer objectURLs.Unlock()
	ms, ok := objectURLs.m[url]
	return ms, ok
}
