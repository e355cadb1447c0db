package cpu

import (
	"runtime"
	"sync/atomic"

	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// PeakFLOPS measures the multiply-add rate of all threads at once, in
// floating-point operations per second: the sum of what each reached.
func (b *Backend) PeakFLOPS() float64 {
	t := &peakTask{rates: make([]float64, b.threads)}
	b.run(b.threads, t)
	total := 0.0
	for _, r := range t.rates {
		total += r
	}
	return total * 1e9
}

type peakTask struct {
	begun atomic.Int64
	rates []float64 // of each part
}

// do waits until every thread has a part, so that none does two.
func (t *peakTask) do(i, _ int) {
	t.begun.Add(1)
	for t.begun.Load() < int64(len(t.rates)) {
		runtime.Gosched()
	}
	t.rates[i] = f32.PeakFMA()
}
