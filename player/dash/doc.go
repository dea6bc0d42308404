// Package dash turns an MPEG-DASH media presentation description into the common manifest model. It is the only
// package that knows the MPD library.
//
// A document goes through three stages. decodeText makes UTF-8 of whatever encoding arrived. A filter reads XML
// tokens, resolves name spaces, puts remote elements in place, checks every attribute that is used against the
// type the schema gives it, and passes on only elements the model needs: what is odd becomes a finding with its
// line, and the library never sees it. The builder then applies the rules of ISO/IEC 23009-1 for inheritance, URLs
// and times.
//
// The policy is to be lenient in playing and strict in reporting: a stray attribute or a missing name space does
// not stop a presentation, but each becomes a [manifest.Finding].
//
// # Ownership
//
// Parse does not keep its input. The returned presentation is immutable.
//
// # Concurrency
//
// No goroutines, no shared state. Options.Fetch is called on the caller's goroutine.
//
// # Errors
//
// An MPD that cannot be used gives a *[manifest.Error] with code manifest.unreadable (not well-formed or cut off),
// manifest.invalid (no MPD, or nothing in it) or manifest.limits. A live presentation gives the model without
// segments together with an error that matches [ErrLive].
package dash
