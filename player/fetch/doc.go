// Package fetch gets bytes: over HTTP with timeouts, retries, resumption and verified ranges, from local files, from
// standard input, from built-in file systems and out of data URLs, all through one [Client].
//
// A body arrives as a sequence of chunks of at most 256 KiB. When a connection breaks or stalls in the middle, the
// client asks for the rest and the consumer notices nothing but the delay. What a server sends is checked against
// what was asked: a range must be the one requested, a body as long as promised, and nothing may be larger than its
// kind is allowed to be. Cookies that servers set are sent back to them for as long as the client lives.
//
// A server cannot hold a client up: connecting, the header, the wait for more, and a body that comes in drops are bounded in
// time; headers, bodies and what is unpacked of them in size; redirects in number. HTTP/1.1 and HTTP/2 are spoken; HTTP/3
// would bring a transport of its own, for which no server asks that does not answer without it. Proxies, SOCKS among
// them, are those of the environment.
//
// A Client can tell servers about playback ([CMCD]) and keep what was exchanged with them, without credentials, for
// [Client.WriteHAR].
//
// # Ownership
//
// A chunk belongs to the caller; no other chunk shares its bytes. A [Response] must be closed.
//
// # Concurrency
//
// A Client may be used from many goroutines. A Response and a [File] belong to one at a time. The package starts no
// goroutines of its own; the standard library's connections have theirs, which end when the client is closed and its
// responses are.
//
// # Errors
//
// Everything that fails gives an *[Error], one line that names the URL without credentials and the cause. When the
// context ended, errors.Is finds its cause.
package fetch
