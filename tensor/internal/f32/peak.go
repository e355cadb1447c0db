package f32

import "time"

// PeakFMA measures the rate of one core in multiply-adds of the instruction set
// in use, from registers alone, in GFLOP/s: what a benchmark compares with. It
// takes about 10 milliseconds and returns the best of several runs.
func PeakFMA() float64 {
	const rounds, runs = 50_000, 8
	best := 0.0
	for range runs {
		start := time.Now()
		flops := peak(rounds)
		best = max(best, float64(flops)*rounds/time.Since(start).Seconds()/1e9)
	}
	return best
}
