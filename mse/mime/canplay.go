package mime

// CanPlayType says how sure it is that media of a type can be played: "probably" when the type names coding formats that
// can be decoded, "maybe" when it leaves them open, "" when it cannot. Unlike IsTypeSupported it never insists on a
// codecs parameter.
// HTML: dom-navigator-canplaytype.
func (s *Support) CanPlayType(typ string) string {
	t, e, reason := s.container(typ)
	switch {
	case reason != "":
		return ""
	case !t.HasCodecs && (e.implied == "" || s.decodes(e.implied)):
		return "maybe"
	}
	if ok, _ := s.IsTypeSupported(typ); ok {
		return "probably"
	}
	return ""
}
