package main

import (
	"fmt"
	"time"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// speedup is how much more all threads do than one.
type speedup struct {
	threads int
	factor  float64
}

// probe lets one thread and then all of them do multiply-adds, the same number
// each. Of one the shortest time counts, of all the middle one.
func probe(threads int) speedup {
	const runs = 9
	elapsed := func(threads int) (ms []float64) {
		be := tensor.CPU(tensor.Threads(threads))
		defer be.Close()
		for range runs {
			start := time.Now()
			be.(backend.Prober).PeakFLOPS()
			ms = append(ms, time.Since(start).Seconds()*1e3)
		}
		return ms
	}
	return speedup{threads, float64(threads) * statOf(elapsed(1)).least / median(elapsed(threads))}
}

// disturbed reports whether something else uses the processors: on two cores,
// less than 1.8 times one thread's rate.
func (s speedup) disturbed() bool { return s.factor < 0.9*float64(s.threads) }

func (s speedup) String() string {
	return fmt.Sprintf("%d threads do %.2f times the multiply-adds of one", s.threads, s.factor)
}
