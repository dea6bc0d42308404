package bytestream

// Flusher is a Parser that gathers frames into portions, so that complete frames of an unfinished media segment
// may still wait inside it. A caller that is about to Reset such a parser calls Flush first.
type Flusher interface {
	// Flush calls h.Fragment for the complete frames that no Step has emitted yet. Afterwards only Reset may be
	// called. It does nothing after an error.
	// MSE: sourcebuffer-reset-parser-state step 1.
	Flush(h Handler) error
}
