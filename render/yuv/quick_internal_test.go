package yuv

// NewPlainQuick returns a converter that does without vector instructions.
func NewPlainQuick() *Quick {
	q := NewQuick()
	q.fast = nil
	return q
}
