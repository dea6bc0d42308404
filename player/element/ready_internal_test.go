package element

import (
	"strings"
	"testing"

	"mseplayer/mse/media"
)

func TestComputeReady(t *testing.T) {
	r := func(bounds ...media.Time) (out media.Ranges) {
		for i := 0; i < len(bounds); i += 2 {
			out = append(out, media.Range{Start: bounds[i], End: bounds[i+1]})
		}
		return out
	}
	for _, c := range []struct {
		name string
		f    facts
		want ReadyState
	}{
		{"no metadata", facts{buffered: r(0, 10)}, HaveNothing},
		{"nothing buffered", facts{metadata: true}, HaveMetadata},
		{"before the range, not soon", facts{metadata: true, buffered: r(1.1, 5)}, HaveMetadata},
		{"a range that begins soon", facts{metadata: true, buffered: r(0.095, 5)}, HaveFutureData},
		{"soon holds for the first range alone", facts{metadata: true, at: 3.5, buffered: r(0, 3, 4, 9)}, HaveMetadata},
		{"behind everything", facts{metadata: true, at: 6, buffered: r(0, 5)}, HaveMetadata},
		{"at the end of a range", facts{metadata: true, at: 5, buffered: r(0, 5)}, HaveCurrentData},
		{"at a gap", facts{metadata: true, at: 5, buffered: r(0, 5, 5.2, 9)}, HaveCurrentData},
		{"rounded down to a microsecond", facts{metadata: true, at: 3.298333, buffered: r(3.2983333333, 5)}, HaveFutureData},
		{"some time left", facts{metadata: true, at: 4, buffered: r(0, 5)}, HaveFutureData},
		{"next to nothing left", facts{metadata: true, at: 4.997, buffered: r(0, 5)}, HaveCurrentData},
		{"not enough", facts{metadata: true, at: 3, buffered: r(0, 12.9)}, HaveFutureData},
		{"enough", facts{metadata: true, at: 3, buffered: r(0, 13)}, HaveEnoughData},
		{"enough of a live stream", facts{metadata: true, at: 3, buffered: r(0, 5), live: true}, HaveEnoughData},
		{"enough to begin by itself", facts{metadata: true, at: 3, buffered: r(0, 5), autoplay: true}, HaveEnoughData},
		{"not enough to begin by itself", facts{metadata: true, at: 3.1, buffered: r(0, 5), autoplay: true}, HaveFutureData},
		{"stalled, not enough to go on", facts{metadata: true, at: 4.6, buffered: r(0, 5), stalled: true}, HaveCurrentData},
		{"stalled, enough to go on", facts{metadata: true, at: 4.5, buffered: r(0, 5), stalled: true}, HaveFutureData},
		{"the rest of the stream", facts{metadata: true, at: 4.999, buffered: r(0, 5), ended: true}, HaveEnoughData},
		{"ended, but behind a gap", facts{metadata: true, at: 4.5, buffered: r(0, 5, 6, 7), ended: true}, HaveFutureData},
		{"at the very end", facts{metadata: true, at: 5, buffered: r(0, 5), ended: true}, HaveCurrentData},
	} {
		if got := computeReady(c.f); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestChange_Events(t *testing.T) {
	for _, c := range []struct {
		name string
		c    change
		want string
	}{
		{"metadata", change{from: HaveNothing, to: HaveMetadata, paused: true}, "loadedmetadata"},
		{"everything at once", change{from: HaveNothing, to: HaveEnoughData, paused: true}, "loadedmetadata loadeddata canplay canplaythrough"},
		{"first data", change{from: HaveMetadata, to: HaveCurrentData, paused: true}, "loadeddata"},
		{"data again", change{from: HaveMetadata, to: HaveCurrentData, seen: true, paused: true}, ""},
		{"future", change{from: HaveCurrentData, to: HaveFutureData, seen: true, paused: true}, "canplay"},
		{"future while not paused", change{from: HaveCurrentData, to: HaveFutureData, seen: true, playing: true}, "canplay playing"},
		{"enough", change{from: HaveFutureData, to: HaveEnoughData, seen: true, paused: true}, "canplaythrough"},
		{"enough with autoplay", change{from: HaveFutureData, to: HaveEnoughData, seen: true, paused: true, autoplay: true}, "play playing canplaythrough"},
		{"enough at once with autoplay", change{from: HaveMetadata, to: HaveEnoughData, paused: true, autoplay: true}, "loadeddata canplay play playing canplaythrough"},
		{"autoplay while playing", change{from: HaveMetadata, to: HaveEnoughData, seen: true, playing: true, autoplay: true}, "canplay playing canplaythrough"},
		{"running dry", change{from: HaveFutureData, to: HaveCurrentData, seen: true, playing: true}, "timeupdate waiting"},
		{"losing the position", change{from: HaveEnoughData, to: HaveMetadata, seen: true, playing: true}, "timeupdate waiting"},
		{"running dry while paused", change{from: HaveEnoughData, to: HaveCurrentData, seen: true, paused: true}, ""},
		{"less, but not too little", change{from: HaveEnoughData, to: HaveFutureData, seen: true, playing: true}, ""},
	} {
		if got := strings.Join(c.c.events(), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
