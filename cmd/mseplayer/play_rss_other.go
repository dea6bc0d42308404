//go:build !unix

package main

// peakRSS is the most memory the process has occupied, in bytes; nil if the system does not tell.
func peakRSS() *int64 { return nil }
