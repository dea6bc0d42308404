package mse

// CanPlayType says how sure it is that media of a MIME type can be played: "probably", "maybe" or "".
// HTML: dom-navigator-canplaytype.
func (o *Options) CanPlayType(mimeType string) string {
	s := o.support()
	return s.CanPlayType(mimeType)
}
