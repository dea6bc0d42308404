package dash

import (
	"errors"
	"fmt"

	"mseplayer/mse/webm"
	"mseplayer/player/manifest"
)

// Bounds on reading a cue index.
const (
	maxCuesBytes    = 5 << 20 // the Cues with their header
	maxWebMHead     = 4 << 20 // what is read of a file's beginning
	maxWebMRequests = 16
)

// lazyCues implements manifest.Lazy for SegmentBase of WebM.
type lazyCues struct{ indexedFile }

// Load implements manifest.Lazy. A file without cues is one segment.
func (l *lazyCues) Load(get manifest.Getter) (*manifest.List, error) {
	list, err := l.load(get)
	if err == nil || l.at.IsWhole() || !errors.Is(err, errIndex) {
		return list, err
	}
	// The range is wrong; the file itself knows.
	self := *l
	self.at = manifest.Range{}
	if list, _ := self.load(get); list != nil && list.Index.Len() > 1 {
		return list, nil
	}
	return nil, err
}

func (l *lazyCues) load(get manifest.Getter) (*manifest.List, error) {
	head, h, err := l.head(get)
	if err != nil {
		return nil, err
	}
	init := l.init
	if init == nil && h.InitSize > 0 {
		init = l.part(0, h.InitSize)
	}
	from, to := l.at.Start, l.at.End
	if l.at.IsWhole() {
		if from, to = h.IndexOffset, h.IndexOffset+h.IndexSize; from == 0 || h.InitSize == 0 {
			return &manifest.List{Init: l.init, Index: l.whole()}, nil
		}
	}
	if to <= from || to-from > maxCuesBytes {
		to = from + maxCuesBytes
	}
	var cues []byte
	if to <= int64(len(head)) {
		cues = head[from:to]
	} else if cues, err = get(*l.part(from, to)); err != nil {
		return nil, err
	}
	parsed, err := webm.ParseIndex(head, cues, from, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errIndex, err)
	}
	x := &fileIndex{bases: l.bases, start: l.start, offset: l.offset}
	for _, r := range parsed.References {
		e := fileEntry{r.Offset, r.Size, r.Start, r.Duration}
		if e.d == 0 && l.end.Set {
			e.d = max(0, l.end.T.Sub(x.time(e)))
		}
		x.entries = append(x.entries, e)
	}
	if len(x.entries) == 0 {
		return nil, fmt.Errorf("%w: the Cues name no Cluster", errIndex)
	}
	return &manifest.List{Init: init, Index: x}, nil
}

// head reads the beginning of the file as far as it takes to know what is in it. Bytes that are no WebM give an empty
// Head, so that the file is taken as one segment, unless the manifest says where its index is.
func (l *lazyCues) head(get manifest.Getter) ([]byte, webm.Head, error) {
	want := int64(headBytes)
	for range maxWebMRequests {
		b, err := get(*l.part(0, want))
		if err != nil {
			return nil, webm.Head{}, err
		}
		h, err := webm.FindIndex(b)
		switch {
		case err != nil && l.at.IsWhole():
			return b, webm.Head{}, nil
		case err != nil:
			return nil, h, fmt.Errorf("%w: %w", errIndex, err)
		case h.Need == 0, int64(len(b)) < want, !l.at.IsWhole() && h.InitSize > 0:
			return b, h, nil
		case h.Need > maxWebMHead:
			return nil, h, fmt.Errorf("%w: not within the first %d bytes", errIndex, maxWebMHead)
		}
		want = min(max(h.Need, 2*want), maxWebMHead)
	}
	return nil, webm.Head{}, errors.New("segment index: the file begins with too many elements")
}
