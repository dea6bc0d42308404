// Package decode drives one decoder from one buffer reader into one sink.
package decode
