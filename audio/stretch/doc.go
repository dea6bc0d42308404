// Package stretch plays sound faster or slower, with its pitch kept or not. It is a calculation on samples: it knows
// no device, no time and no goroutine.
//
// # How
//
// The output is cut into hops of 10 ms. While a hop plays, the nominal position in the input moves on by speed × hop;
// that is the media time of what is heard, exactly, whatever the speed has been before. With the pitch kept, the
// samples come from a voice that walks through the input at its own pace, one frame per frame, and so runs away from
// the nominal position. When it would be more than 20 ms off, the next hop fades over to a place on the other side,
// the one that continues the voice most alike (waveform similarity overlap-add). Between such jumps the input is
// copied, bit by bit; the nearer the speed is to 1, the rarer they are: at 1.02 there is one in a second. A jump is
// at least as long as any audible period is, so that a slightly shifted copy, which is always similar to what it was
// copied from, is no candidate. In silence the voice stays at the nominal position, since nobody hears it jump there: a beep
// or a word after a pause begins in time.
//
// Without the pitch kept the voice walks at the speed, between the frames by linear interpolation.
//
// Back at speed 1 the voice joins the nominal position at the first opportunity, after a second at the latest. From
// then on the output is the input, and once [Stretcher.Idle] says so the Stretcher may be left out.
//
// # Ownership
//
// Write and Silence copy. What Next returns is the Stretcher's and valid until the next call of Next.
//
// # Concurrency
//
// A Stretcher belongs to one goroutine. Nothing blocks, and after New nothing is allocated.
//
// # Errors
//
// None. Speeds outside of [MinSpeed, MaxSpeed] are brought in; what is not a number is ignored.
package stretch
