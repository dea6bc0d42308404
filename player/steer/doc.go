// Package steer orders the places from which the same bytes can be had, and follows a server that orders them (content
// steering).
//
// A [Router] puts the places of a resource into the order in which they are to be tried: those that the steering server
// prefers first, then in the order of the manifest, and those that failed lately last. It is told of each failure and
// each success. A [Poller] asks the steering server time and again, in the way of DASH or HLS.
//
// # Ownership
//
// A Router keeps copies of what it is given.
//
// # Concurrency
//
// A Router may be used from many goroutines. It never looks at a clock: the time is an argument. A Poller belongs to one
// goroutine, that of Run; Poll may be called before Run.
//
// # Errors
//
// A steering document that cannot be used gives an error of one line. Without one, everything goes on in the order that
// was known before.
package steer
