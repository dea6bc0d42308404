// Package cea reads the captions that travel inside of coded video: CEA-608 (the line 21 of old) and CEA-708.
//
// # Model
//
// Captions come as triplets of a type and two bytes, which decoders of pictures hand out and [ExtractTrack] finds in a
// track of their own. A [Decoder] takes them in the order in which pictures are shown, keeps the screens of all channels
// and hands out what was on them as cues. The channels go by the names that HLS and DASH have for them: CC1 to CC4 for
// CEA-608, SERVICE1 to SERVICE63 for CEA-708.
//
//	triplets ──▶ Decoder ┬─ field 1 ─ CC1, CC2
//	                     ├─ field 2 ─ CC3, CC4 (and XDS, which is skipped)
//	                     └─ DTVCC packets ─ SERVICE1 ...
//
// What stands on the screen changes at the time of the picture that carried the change. Characters that appear one by one
// are put together into steps of a tenth of a second.
//
// Not shown: the text mode of CEA-608, flashing, borders and effects of windows, and other directions of printing than
// along the line.
//
// # Ownership
//
// Nothing keeps what it is given.
//
// # Concurrency
//
// A Decoder belongs to one goroutine.
//
// # Errors
//
// None: captions are sent without protection, so what cannot be understood is skipped.
package cea
