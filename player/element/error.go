package element

import (
	"fmt"

	"mseplayer/mse"
)

// The names of errors that a media element knows beyond those of package mse.
const (
	AbortError     mse.Name = "AbortError"
	IndexSizeError mse.Name = "IndexSizeError"
)

// ErrorCode says what kind of failure the element has met.
// HTML: mediaerror.
type ErrorCode uint8

// The codes, with HTML's numbers.
const (
	Aborted ErrorCode = iota + 1
	Network
	Decode
	SrcNotSupported
)

// String names the code in words.
func (c ErrorCode) String() string {
	switch c {
	case Aborted:
		return "aborted"
	case Network:
		return "network error"
	case Decode:
		return "decoding error"
	case SrcNotSupported:
		return "source not supported"
	default:
		return "impossible error code"
	}
}

// MediaError is the value of the error attribute.
type MediaError struct {
	Code ErrorCode
	Err  error
}

// Error gives the code in words and the cause.
func (e *MediaError) Error() string {
	if e.Err == nil {
		return e.Code.String()
	}
	return fmt.Sprintf("%s: %v", e.Code, e.Err)
}

// Unwrap returns the cause.
func (e *MediaError) Unwrap() error { return e.Err }

// exception is what a member throws, or a promise is rejected with.
func exception(name mse.Name, member, format string, args ...any) error {
	return &mse.Error{Name: name, Op: "HTMLMediaElement." + member, Msg: fmt.Sprintf(format, args...)}
}
