// Package netsim is a network for tests: an HTTP server behind connections in memory, which can live in a bubble of
// virtual time, faults that befall a share of its answers, and a [Line] whose speed all of them share.
//
// Which request fails and how follows from a seed, the request's URL and range, and how often the same was asked for
// before; not from the time or the order of other requests. The same requests meet the same faults again, and a further
// try may succeed.
//
// # Ownership
//
// A Server owns its connections and ends them when it is closed.
//
// # Concurrency
//
// A Server and Faults may be used from many goroutines. Start begins one goroutine; net/http has one for each connection.
// All end with Close.
//
// # Errors
//
// A Server that is closed refuses connections.
package netsim
