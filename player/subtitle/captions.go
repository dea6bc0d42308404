package subtitle

import (
	"reflect"
	"strconv"
	"strings"
	"sync"

	"mseplayer/mse/media"
	"mseplayer/player/text/cea"
	"mseplayer/player/text/cue"
)

const (
	// maxPause is how far apart pictures may be that follow each other, in seconds.
	maxPause media.Span = 2
	// maxServices is how many services CEA-708 has.
	maxServices = 63
	// codecCEA608 is the codec of tracks of captions; maxSampleLength bounds one sample of them, in seconds.
	codecCEA608     media.CodecID = "eia_608"
	maxSampleLength media.Span    = 600
)

// IsChannel reports whether an ID is that of a channel of captions inside of pictures: CC1 to CC4, or SERVICE1 to
// SERVICE63.
func IsChannel(id string) bool {
	if n, ok := strings.CutPrefix(id, "CC"); ok {
		return len(n) == 1 && n[0] >= '1' && n[0] <= '4'
	}
	n, ok := strings.CutPrefix(id, "SERVICE")
	i, err := strconv.Atoi(n)
	return ok && err == nil && i >= 1 && i <= maxServices && strconv.Itoa(i) == n
}

// Captions reads the captions that come with decoded pictures into lanes of a board. Pictures may come again after a seek:
// what has been read of a stretch stays, and only the rest is added.
type Captions struct {
	board *Board // immutable

	mu    sync.Mutex
	dec   cea.Decoder             // guarded by mu
	lanes map[string]*captionLane // guarded by mu
	begun bool                    // guarded by mu
	first media.Time              // guarded by mu: where the present row of pictures began
	last  media.Time              // guarded by mu: the latest one
	done  media.Ranges            // guarded by mu: the rows before
	list  []cea.Triplet           // guarded by mu
}

// captionLane is a channel's lane.
type captionLane struct {
	*Lane
	open []cue.Cue // as was given to the lane
}

// NewCaptions returns what reads captions into b. Channels get lanes when something is seen in them.
func NewCaptions(b *Board) *Captions { return &Captions{board: b, lanes: map[string]*captionLane{}} }

// Declare announces a channel.
func (c *Captions) Declare(t Track) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lanes[t.ID] == nil {
		c.add(t)
	}
}

func (c *Captions) add(t Track) *captionLane {
	t.Kind, t.Codec = "captions", "cea-608"
	if strings.HasPrefix(t.ID, "SERVICE") {
		t.Codec = "cea-708"
	}
	l := c.board.Add(t)
	if l == nil {
		return nil
	}
	cl := &captionLane{Lane: l}
	c.lanes[t.ID] = cl
	return cl
}

// Add takes the caption data of the picture at pts, three bytes for each unit; nil for a picture without.
func (c *Captions) Add(pts media.Time, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun && (pts < c.last || pts.Sub(c.last) > maxPause) {
		c.end()
	}
	if !c.begun && len(data) == 0 {
		return
	}
	if !c.begun {
		c.begun, c.first = true, pts
	}
	c.last = pts
	c.list = c.list[:0]
	for ; len(data) >= 3; data = data[3:] {
		if data[0]&4 != 0 { // cc_valid
			c.list = append(c.list, cea.Triplet{Type: data[0] & 3, B1: data[1], B2: data[2]})
		}
	}
	c.dec.Add(pts, c.list)
	c.harvest()
}

// sample takes a sample of a track of captions: boxes as in MP4, or the units that FFmpeg makes of them.
func (c *Captions) sample(f *media.CodedFrame) {
	data := f.Data
	if len(data) >= 8 && data[0] == 0 {
		data = nil
		for _, x := range cea.ExtractTrack(f.Data) {
			data = append(data, 0xfc|x.Type, x.B1, x.B2)
		}
	}
	c.Add(f.PTS, data)
	for t := f.PTS.Add(maxPause / 2); t < f.PTS.Add(min(f.Duration, maxSampleLength)); t = t.Add(maxPause / 2) {
		c.Add(t, nil) // the row of samples goes on
	}
}

// End ends the row of pictures: those that follow lie elsewhere.
func (c *Captions) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
}

func (c *Captions) end() {
	if !c.begun {
		return
	}
	c.dec.Reset(c.last)
	c.harvest()
	c.begun = false
	c.done = c.done.Union(media.NewRanges(media.Range{Start: c.first, End: c.last}))
	c.dec = cea.Decoder{}
}

// harvest puts what the decoder has into the lanes.
func (c *Captions) harvest() {
	for _, id := range c.dec.Channels() {
		l := c.lanes[id]
		if l == nil {
			if l = c.add(Track{ID: id}); l == nil {
				continue
			}
		}
		l.Add(c.fresh(c.dec.Take(id))...)
		if open := c.fresh(c.dec.Open(id)); !reflect.DeepEqual(open, l.open) {
			l.open = open
			l.Open(open...)
		}
	}
}

// fresh leaves out what lies in the rows of pictures that were read before.
func (c *Captions) fresh(cues []cue.Cue) []cue.Cue {
	kept := cues[:0]
	for _, x := range cues {
		if r, ok := c.done.Find(x.Start); ok {
			x.Start = r.End
		}
		if x.Start < x.End {
			kept = append(kept, x)
		}
	}
	return kept
}
