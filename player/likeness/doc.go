// Package likeness measures how alike pictures are: peak signal-to-noise ratio and structural similarity, both as FFmpeg's
// filters psnr and ssim define them. It also finds out by how much the times of two tracks differ that show the same.
//
// A [Meter] compares two pictures of the same size and form, and gives a [Score], which adds up to that of a segment or of a
// whole track. A [Print] is what a picture looks like from afar, small enough to keep for thousands; [Align] compares those of
// two tracks.
//
// # Ownership
//
// Pictures are only read, during the call. Scores and prints are values.
//
// # Concurrency
//
// A Meter belongs to one goroutine; everything else is a function of its arguments.
//
// # Errors
//
// Compare fails with one line when the pictures do not go together or cannot be described.
package likeness
