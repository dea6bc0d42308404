package bytestream

import "mseplayer/mse/media"

// Keyed is a Parser of a format in which protected samples may leave it to a playlist to say with which key they were
// encrypted.
type Keyed interface {
	// SetKey says which key the protected samples of what is pushed from now on have: their KID is k's, unless that is zero
	// and the media tells it, and so is the initialization vector of those that bring none. nil takes that back: the media tells by itself. Frames of what was
	// pushed before go to h. It is to be called between media segments, and holds on beyond a Reset.
	SetKey(k *media.SampleKey, h Handler) error
}
