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
// A live presentation is the same with times: each segment knows when it can be asked for, and a list by numbers goes on
// for as long as its period may. Its Updater asks for the next version of the document, as a patch (ISO/IEC 23009-1
// §5.15) where the author offers one, and reports what changed though it should not have.
//
// # Ownership
//
// Parse does not keep its input, unless patches are offered: then the Updater keeps a copy, which the next patch is
// applied to. The returned presentation is immutable; what the Updater remembers is its own.
//
// # Concurrency
//
// No goroutines. Options.Fetch and the Getter of an update are called on the caller's goroutine, without a lock. Updates
// may run at the same time; the first one to end counts for the next.
//
// # Errors
//
// An MPD that cannot be used gives a *[manifest.Error] with code manifest.unreadable (not well-formed or cut off),
// manifest.invalid (no MPD, or nothing in it) or manifest.limits. An update that fails leaves the version before it.
package dash
