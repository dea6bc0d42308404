// Package crypt holds the keys of protected media and takes the protection off coded frames.
//
// A [Store] knows the keys that a user or a playlist gave and asks W3C ClearKey license servers for those it does not
// have, each key once. A [Decrypter] belongs to one decode worker: it takes the key of a frame from the store and writes
// the clear frame to where the decoder wants it. It knows common encryption (cenc, cens, cbc1 and cbcs, ISO/IEC 23001-7),
// which WebM uses too, and the sample encryption that HTTP Live Streaming applies inside transport streams and packed
// audio. AES is that of the standard library; keys have 16 bytes.
//
// Digital rights management proper (Widevine, PlayReady, FairPlay) is not done: such media needs its keys from somewhere
// else, and [MissingKeyError] says which.
//
// # Ownership
//
// Keys are copied. A Decrypter reads a frame and writes to the caller's memory; it keeps neither.
//
// # Concurrency
//
// A Store may be used from any goroutine; a Decrypter belongs to one. Only Decrypter.Ready blocks, while a license server
// is asked, which the end of the context ends.
//
// # Errors
//
// A missing key is a *[MissingKeyError]. What cannot be decrypted though the key is there is wrong about the media, and
// says so; a wrong key is not noticed here but by the decoder.
package crypt
