package bytestream

// Flusher is a Parser that gathers frames into portions, so that complete frames of an unfinished media segment
// may still wait inside it, or be known for complete only when the next one comes. A caller that is about to Reset such a
// parser calls Flush first, and so does one that knows that the stream ends.
type Flusher interface {
	// Flush calls h.Fragment for the complete frames that no Step has emitted yet. More may be pushed afterwards, of
	// which a frame that Flush has found incomplete is not the worse, or is passed over where the format cannot tell. It
	// does nothing after an error.
	// MSE: sourcebuffer-reset-parser-state step 1.
	Flush(h Handler) error
}
