// Package mime decides what a type string means: the MIME type of a byte stream format, its codecs parameter
// after RFC 6381, and whether a given set of parsers and decoders can take it.
//
// [ParseType] reads a MIME type by the rules of the MIME Sniffing standard, [ParseCodec] one item of a codecs
// list, and [Support] answers isTypeSupported for the containers and decoders that the program has.
// [CodecString] goes the other way, from the decoder configuration in a file to the codecs string.
//
// # Ownership
//
// Everything is a plain value. Nothing keeps its arguments.
//
// # Concurrency
//
// No state, no goroutines. A [Support] may be used from many goroutines as long as nobody changes it.
//
// # Errors
//
// ParseType and ParseCodec say in one line what is wrong. The errors of ParseCodec match [ErrMalformed] (a known
// family, but the rest of the string breaks its syntax), [ErrUnsupported] (a known format that this player never
// decodes) or [ErrUnknown] (no format known by that name).
package mime
