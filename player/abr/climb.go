package abr

import "time"

const (
	// sameNetwork is the part of what the network was when a rung was taken that it must still be when the rung is left,
	// for it to be the rung that was too much, and fasterNetwork how many times as fast it must have become to try again
	// at once.
	sameNetwork, fasterNetwork = 0.75, 1.25
	// patience is for how long a rung that could not be kept is not tried again at first, maxPatience at most.
	patience    = 90 * time.Second
	maxPatience = 10 * time.Minute
)

// climb remembers which rung a network could not sustain after all, so that a steady one between two rungs does not have
// playback swing between them: each attempt spends the buffer, and shows the change.
type climb struct {
	// of the rung in use: the network when it was taken and when that was, 0 and zero when it was not climbed to
	rate  float64
	since time.Time
	// of the attempt that failed: the least bandwidth that was too much, the network then, and until when to wait
	bandwidth int64
	failed    float64
	until     time.Time
	wait      time.Duration
}

// bound is the highest rung up to top that may be gone up to over a network of rate.
func (k *climb) bound(s State, rate float64, top int) int {
	if !s.Now.Before(k.until) || rate >= k.failed*fasterNetwork {
		return top
	}
	i := max(0, s.Current)
	for i < top && s.Rungs[i+1].Bandwidth < k.bandwidth {
		i++
	}
	return i
}

// up notes that a higher rung is taken.
func (k *climb) up(s State, rate float64) {
	if rate >= k.failed*fasterNetwork {
		k.wait = 0
	}
	k.rate, k.since = rate, s.Now
}

// down notes that the rung in use is left for a lower one because of the network or the buffer. Where the network is what
// it was when the rung was taken, the rung was too much, and is not tried again for the longer the more often that
// happens; one that was kept for longer than that has failed for the first time.
func (k *climb) down(s State, rate float64) {
	bandwidth := s.Rungs[s.Current].Bandwidth
	switch {
	case k.rate == 0: // it was not climbed to, or the way down has more than one step
		if s.Now.Before(k.until) && rate >= k.failed*sameNetwork {
			k.bandwidth = min(k.bandwidth, bandwidth)
		}
	case rate >= k.rate*sameNetwork:
		if s.Now.Sub(k.since) > k.wait {
			k.wait = 0
		}
		k.wait = min(max(patience, 2*k.wait), maxPatience)
		k.bandwidth, k.failed, k.until = bandwidth, rate, s.Now.Add(k.wait)
	}
	k.forget()
}

// forget is for when a rung is left, and when the buffer went for another reason: leaving it says nothing then.
func (k *climb) forget() { k.rate, k.since = 0, time.Time{} }
