package check_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"mseplayer/player/check"
)

// endless is the presentation of ten seconds, played again and again: segment n is one of the five, at its own time.
type endless struct{ fstest.MapFS }

// Open implements fs.FS.
func (e endless) Open(name string) (fs.File, error) {
	kind := name[:1]
	n, err := strconv.Atoi(name[1:])
	if _, there := e.MapFS[name]; there || err != nil || kind != "v" && kind != "a" {
		return e.MapFS.Open(name)
	}
	const segments = 5
	round, of := (n-1)/segments, (n-1)%segments+1
	b := bytes.Clone(good()[fmt.Sprint(kind, of)].Data)
	at, size := decodeTime(b)
	length := 469 * 1024 // of the sound in ten seconds, in samples
	if kind == "v" {
		a, s := decodeTime(good()["v3"].Data)
		length = int(ticksAt(good()["v3"].Data, a, s)) / 4 * 10
	}
	ticks := ticksAt(b, at, size) + uint64(round*length)
	if size == 4 {
		binary.BigEndian.PutUint32(b[at:], uint32(ticks))
	} else {
		binary.BigEndian.PutUint64(b[at:], ticks)
	}
	return fstest.MapFS{name: {Data: b}}.Open(name)
}

// TestRun_Memory checks two hours of media: what is held does not grow with the length.
func TestRun_Memory(t *testing.T) {
	const (
		hours    = 2
		total    = hours * 3600 / 2 * 2 // segments of two tracks
		most     = 300 << 20
		growth   = 24 << 20 // rows of the report, and what the collector has not come to
		interval = 200
	)
	files := fstest.MapFS{"m.mpd": {Data: []byte(strings.Replace(head+video+audio+tail, "PT10S", fmt.Sprintf("PT%dH", hours), 1))},
		"vinit": good()["vinit"], "ainit": good()["ainit"]}
	var mu sync.Mutex
	var early, late, system uint64
	seen := int64(0)
	r := run(t, endless{files}, func(o *check.Options) {
		o.Jobs = 2
		o.Progress = func(p check.Progress) {
			mu.Lock()
			defer mu.Unlock()
			if p.Segments < seen+interval {
				return
			}
			seen = p.Segments
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			system = max(system, m.Sys-m.HeapReleased)
			if p.Segments < total/4 {
				early = max(early, m.HeapInuse)
			} else {
				late = max(late, m.HeapInuse)
			}
		}
	})
	for _, x := range r.Tracks {
		if *x.Segments != total/2 || x.End < hours*3600-20 {
			t.Errorf("%s", line(x))
		}
	}
	if early == 0 || late > early+growth || system > most {
		t.Errorf("%d MiB in the first quarter, %d MiB afterwards, %d MiB in all", early>>20, late>>20, system>>20)
	}
}
