package mse

import (
	"fmt"

	"mseplayer/mse/bytestream"
)

// FormatError says where and why appended bytes violate their byte stream format.
type FormatError = bytestream.FormatError

// Name is the name of a DOMException, or TypeError.
type Name string

// The names in use.
const (
	InvalidStateError  Name = "InvalidStateError"
	NotSupportedError  Name = "NotSupportedError"
	QuotaExceededError Name = "QuotaExceededError"
	NotFoundError      Name = "NotFoundError"
	TypeError          Name = "TypeError"
)

// The sentinels that errors.Is matches by name.
var (
	ErrInvalidState  = &Error{Name: InvalidStateError}
	ErrNotSupported  = &Error{Name: NotSupportedError}
	ErrQuotaExceeded = &Error{Name: QuotaExceededError}
	ErrNotFound      = &Error{Name: NotFoundError}
	ErrType          = &Error{Name: TypeError}
)

// Error mirrors a DOMException.
type Error struct {
	Name Name
	// Op is the member that failed ("SourceBuffer.appendBuffer"), Msg why, Err the cause if there is one.
	Op, Msg string
	Err     error
}

// Error gives "mse: SourceBuffer.appendBuffer: InvalidStateError: updating".
func (e *Error) Error() string {
	s := "mse: "
	if e.Op != "" {
		s += e.Op + ": "
	}
	s += string(e.Name)
	if e.Msg != "" {
		s += ": " + e.Msg
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches errors of the same name.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Name == e.Name && t.Op == "" && t.Msg == ""
}

func fail(name Name, op, format string, args ...any) *Error {
	return &Error{Name: name, Op: op, Msg: fmt.Sprintf(format, args...)}
}
