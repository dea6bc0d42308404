package ttml

import (
	"fmt"
	"math"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

// Bounds on a document.
const (
	maxDocument   = 32 << 20  // bytes
	maxElements   = 200_000   // elements and runs of characters
	maxDepth      = 100       // elements in elements
	maxMerged     = 1_000_000 // properties that elements take from styles
	maxMoments    = 50_000    // changes of state
	maxVisits     = 5_000_000
	maxCues       = 100_000
	maxText       = 8 << 20 // bytes handed out
	maxSpans      = 500_000
	maxWarnings   = 100
	maxFamilies   = 16
	maxShadows    = 8
	maxTime       = 1e11 // seconds: live presentations count from 1970
	maxRate       = 1e6
	maxTickRate   = 1e12
	maxCells      = 10_000
	maxLength     = 1e6
	maxFile       = 16 << 20 // bytes of a picture
	maxPixels     = 16 << 20 // of a picture
	maxAllPixels  = 64 << 20 // of all pictures of a document
	maxParts      = 64       // pictures behind a document
	maxReferences = 8        // from one part of the document to the next
	maxRegions    = 10_000   // that belong to one element
)

const (
	// defaultAspect is the shape of a picture that nobody told.
	defaultAspect = 16.0 / 9
	// defaultLines is the height of the root container in pixels where lengths are in pixels and the document does not
	// say of how many.
	defaultLines = 480
	// sameTime is the distance of two times that are meant to be one, in seconds.
	sameTime = 1e-7
	// minOrdered is how many children are worth a search.
	minOrdered = 16
)

// Options says what a document belongs to. The zero value is a document of its own without pictures of other files.
type Options struct {
	// Image gets the bytes of a picture that is not part of the document. Without it such pictures are left out.
	Image func(src string) ([]byte, error)
	// Offset is added to the times of the document.
	Offset media.Time
	// Window cuts off what lies outside of it, after Offset has been added. The zero value is everything. A sample of a
	// track is a document whose times are those of the track, with the sample as its window.
	Window media.Range
	// Aspect is the width of the picture by its height, as it is shown; 0 is 16:9.
	Aspect float64
}

// Warning is something that has been left out. Line is the line of the document, 0 if it is about none.
type Warning struct {
	Line int
	Text string
}

// Parse returns the cues of a document in the order in which they begin, then in that in which they are painted. A
// region that goes on without change is one cue. End is +Inf where the document sets no end and there is no window.
//
// The cues of a region of which a part is to be shown even when subtitles are off are two: one with that part, which is
// Forced, one with the rest; each leaves the room of the other.
func Parse(doc []byte, o Options) ([]cue.Cue, []Warning, error) {
	if len(doc) > maxDocument {
		return nil, nil, fmt.Errorf("ttml: the document has %d bytes, at most %d are read", len(doc), maxDocument)
	}
	if !(o.Aspect > 0) || math.IsInf(o.Aspect, 0) {
		o.Aspect = defaultAspect
	}
	d := &document{o: o, styles: map[string]*element{}, initials: map[prop]any{}, byID: map[string]*element{}, data: map[string]*element{}}
	if err := d.read(doc); err != nil {
		return nil, d.told(), err
	}
	if err := d.resolve(); err != nil {
		return nil, d.told(), err
	}
	d.adopt()
	for _, r := range d.regions {
		r.schedule(0, 0, false)
	}
	if d.body != nil {
		d.body.schedule(0, 0, false)
	}
	cues, err := d.compose()
	return cues, d.told(), err
}

// told are the warnings, with a last one about those that there was no room for.
func (d *document) told() []Warning {
	if d.lost > 0 {
		return append(d.warnings, Warning{Text: fmt.Sprintf("%d more", d.lost)})
	}
	return d.warnings
}
