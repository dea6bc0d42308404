package check

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
)

const (
	// maxStale is how many target durations a playlist may stay as it is, maxMissed within how many nobody can have missed
	// segments that came and went.
	maxStale, maxMissed = 1.5, 2.0
	// maxWatchedLists bounds the playlists that are followed, maxListed the segments that are compared of one.
	maxWatchedLists, maxListed = 256, 65536
	// maxHead is how much of a manifest is looked through for when it was published.
	maxHead = 16 << 10
)

// watcher compares each version of a document that grows with the one before. What it looks at is what the server sends, not
// what the player makes of it. It is safe for concurrent use.
type watcher struct {
	mu    sync.Mutex
	lists map[string]*listed
	found findings
	// of the manifest
	published time.Time
	content   []byte
}

// listed is what a version of a playlist lists.
type listed struct {
	first, next int64
	disc        int64 // the discontinuity sequence number of the first segment
	target      time.Duration
	ended       bool
	segments    []listedSegment
	text        []byte

	at, changed time.Time // when it was loaded last, and when it was another one
	told        bool      // that it is not updated
}

type listedSegment struct {
	uri  string
	disc bool // a discontinuity precedes it
}

// get returns a getter whose documents are looked at.
func (w *watcher) get(of manifest.Getter) manifest.Getter {
	return func(r manifest.Resource) ([]byte, error) {
		b, err := of(r)
		if err == nil && r.Range.IsWhole() {
			w.see(r.URL, b, time.Now())
		}
		return b, err
	}
}

// see looks at a version of a document.
func (w *watcher) see(url string, b []byte, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !bytes.HasPrefix(b, []byte("#EXTM3U")) {
		w.manifest(url, b)
		return
	}
	if !bytes.Contains(b, []byte("#EXTINF")) {
		return
	}
	name, _, _ := strings.Cut(url, "?")
	last := w.lists[name]
	if w.lists == nil {
		w.lists = map[string]*listed{}
	}
	if last == nil && len(w.lists) == maxWatchedLists {
		return
	}
	l := readList(b, last)
	l.at, l.changed = now, now
	w.lists[name] = l
	if last == nil {
		return
	}
	w.compare(name, last, l)
}

// compare reports what must not happen between two versions of a playlist.
// RFC 8216 §6.2.1, §6.2.2.
func (w *watcher) compare(name string, last, l *listed) {
	if bytes.Equal(last.text, l.text) {
		l.changed, l.told = last.changed, last.told
		w.stale(name, l, l.at)
		return
	}
	w.stale(name, last, l.at)
	report := func(code string, e map[string]any, format string, args ...any) {
		w.report(name, code, e, format, args...)
	}
	switch elapsed := l.at.Sub(last.at); {
	case l.first < last.first || l.next < last.next && !l.ended:
		report(codeSequenceBack, map[string]any{"before": last.first, "after": l.first, "lastBefore": last.next - 1, "last": l.next - 1},
			"the playlist lists segments %d to %d after segments %d to %d", l.first, l.next-1, last.first, last.next-1)
		return
	case l.first > last.next:
		if elapsed < time.Duration(maxMissed*float64(max(last.target, l.target))) {
			report(codeSequenceJump, map[string]any{"before": last.next - 1, "after": l.first, "elapsed": millis(elapsed.Seconds())},
				"segment %d is the first after segment %d: %d segments came and went within %.1f s", l.first, last.next-1, l.first-last.next, elapsed.Seconds())
		}
		return
	}
	for n := l.first; n < min(l.next, last.next); n++ {
		was, is := last.segment(n), l.segment(n)
		if was != nil && is != nil && was.uri != is.uri {
			report(codeSegmentChanged, map[string]any{"number": n, "before": was.uri, "after": is.uri}, "segment %d is %s, and was %s before", n, is.uri, was.uri)
			break
		}
	}
	want := last.disc // of what is first now: each discontinuity that went with the segments before it counts
	for n := last.first; n < l.first; n++ {
		if s := last.segment(n); s != nil && s.disc {
			want++
		}
	}
	if s := last.segment(l.first); s != nil && s.disc && l.first > last.first {
		// The tag before the first segment may have gone with the one before it, or not.
		if now := l.segment(l.first); now != nil && !now.disc {
			want++
		}
	}
	if l.disc != want {
		report(codeDiscontinuityJump, map[string]any{"before": last.disc, "after": l.disc, "expected": want},
			"the discontinuity sequence number of segment %d is %d, and must be %d by the playlist before", l.first, l.disc, want)
	}
}

// segment is the one of a number, nil when it is not known.
func (l *listed) segment(n int64) *listedSegment {
	if i := n - l.first; i >= 0 && i < int64(len(l.segments)) && l.segments[i].uri != "" {
		return &l.segments[i]
	}
	return nil
}

// stale reports, once, a playlist that has been the same for too long.
func (w *watcher) stale(name string, l *listed, now time.Time) {
	age := now.Sub(l.changed)
	if l.ended || l.told || l.target <= 0 || age <= time.Duration(maxStale*float64(l.target)) {
		return
	}
	l.told = true
	w.report(name, codeNotUpdated, map[string]any{"age": millis(age.Seconds()), "targetDuration": millis(l.target.Seconds())},
		"the playlist has not been updated for %.1f s, with a target duration of %g s", age.Seconds(), l.target.Seconds())
}

func (w *watcher) report(url, code string, e map[string]any, format string, args ...any) {
	e["url"] = fetch.Redact(url)
	w.found.add(Finding{Code: code, Message: fmt.Sprintf(format, args...), Time: Unknown, Evidence: e})
}

// publishTime finds when a manifest says that it was published, within its root element.
var publishTime = regexp.MustCompile(`<(?:[A-Za-z_][\w.-]*:)?MPD\s[^>]*?publishTime\s*=\s*["']([^"']*)["']`)

// manifest looks for versions of the manifest that were published at the same time.
// ISO/IEC 23009-1 §5.3.1.2.
func (w *watcher) manifest(url string, b []byte) {
	m := publishTime.FindSubmatch(b[:min(len(b), maxHead)])
	if m == nil || bytes.Equal(b, w.content) {
		return
	}
	at, err := time.Parse(time.RFC3339Nano, string(m[1]))
	if err != nil {
		if at, err = time.Parse("2006-01-02T15:04:05.999999999", string(m[1])); err != nil {
			return
		}
	}
	switch {
	case w.content == nil || at.After(w.published):
	case at.Before(w.published):
		return // what reads the manifest says so, and does not use it
	default:
		w.report(url, codePublishTime, map[string]any{"published": at.UTC().Format(time.RFC3339Nano)},
			"the manifest is another one than before, but both say that they were published at %s", at.UTC().Format(time.RFC3339Nano))
	}
	w.published, w.content = at, bytes.Clone(b)
}

// findings returns what was found until now.
func (w *watcher) findings(now time.Time) []Finding {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(w.lists)) {
		if l := w.lists[name]; now.Sub(l.at) <= time.Duration(maxStale*float64(l.target)) { // else nobody looked at it any more
			w.stale(name, l, now)
		}
	}
	return w.found.all()
}

// readList reads what matters here of a media playlist. What is skipped in it is that of the version before.
func readList(b []byte, last *listed) *listed {
	l := &listed{text: b}
	disc, pending := false, false
	skipped := int64(0)
	number := func(s string) int64 {
		n, _ := strconv.ParseInt(strings.TrimSpace(s), 10, 64) // what is broken is reported by whoever reads the playlist
		return max(0, n)
	}
	for line := range bytes.Lines(b) {
		line := strings.TrimSpace(string(line))
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case tag == "#EXT-X-MEDIA-SEQUENCE":
			l.first = number(value)
		case tag == "#EXT-X-DISCONTINUITY-SEQUENCE":
			l.disc = number(value)
		case tag == "#EXT-X-TARGETDURATION":
			l.target = time.Duration(min(number(value), 3600)) * time.Second
		case tag == "#EXT-X-ENDLIST":
			l.ended = true
		case tag == "#EXT-X-DISCONTINUITY":
			disc = true
		case tag == "#EXTINF":
			pending = true
		case tag == "#EXT-X-SKIP":
			for attribute := range strings.SplitSeq(value, ",") {
				if n, ok := strings.CutPrefix(strings.TrimSpace(attribute), "SKIPPED-SEGMENTS="); ok {
					skipped = min(number(n), maxListed)
				}
			}
			for n := range skipped {
				s := listedSegment{}
				if last != nil && last.segment(l.first+n) != nil {
					s = *last.segment(l.first + n)
				}
				l.segments = append(l.segments, s)
			}
		case line != "" && line[0] != '#' && pending:
			if len(l.segments) < maxListed {
				l.segments = append(l.segments, listedSegment{line, disc})
			}
			disc, pending = false, false
		}
	}
	l.next = l.first + int64(len(l.segments))
	return l
}
