//go:build gl && cgo && (linux || windows)

package gpu

import "time"

// PeakFLOPS measures the rate of float32 multiply-adds from registers alone, two
// operations each, in operations per second; 0 if the device has failed.
func (d *Device) PeakFLOPS() float64 {
	const groups, perRound = 4096, 8 * 64 * 2 // chains, multiply-adds of each, operations
	out := d.scratch(groupSize)
	defer d.recycle(out.storage)
	best := 0.0
	for rounds, spent := 1, time.Duration(0); spent < 500*time.Millisecond; { // longer than drivers compile in the background
		start := time.Now()
		d.run("peak", "", groups, []view{out}, rounds)
		if d.Sync() != nil {
			return 0
		}
		t := time.Since(start)
		spent += t
		best = max(best, float64(groups*groupSize*perRound*rounds)/t.Seconds())
		if t < 20*time.Millisecond {
			rounds *= 2
		}
	}
	return best
}
