package benchmarks

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

func newBackend(b *testing.B) backend.Backend {
	be := tensor.CPU()
	b.Cleanup(func() {
		if err := be.Close(); err != nil {
			b.Error(err)
		}
	})
	return be
}

// peakFLOPS is what all threads reach with registers alone.
var peakFLOPS = sync.OnceValue(func() float64 {
	be := tensor.CPU()
	defer be.Close()
	best := 0.0
	for range 10 {
		best = max(best, be.(backend.Prober).PeakFLOPS())
	}
	return best
})

// copyRate is how many bytes a second all threads read and write when they copy
// as much as an operation of op_test.go reads, at best.
var copyRate = sync.OnceValue(func() float64 {
	c := work.Copy(opShapes[0].Len(), runtime.GOMAXPROCS(0))
	best := 0.0
	for range 20 {
		start := time.Now()
		c.Run()
		best = max(best, c.Bytes/time.Since(start).Seconds())
	}
	return best
})

// run times c, after a check of its result, and reports its rate and the share
// of what the machine can do.
func run(b *testing.B, c work.Case) {
	if err := c.Check(); err != nil {
		b.Fatal(err)
	}
	c.Run()
	b.ReportAllocs()
	for b.Loop() {
		c.Run()
	}
	seconds := b.Elapsed().Seconds() / float64(b.N)
	if c.FLOP > 0 {
		b.ReportMetric(c.FLOP/seconds/1e9, "GFLOP/s")
		b.ReportMetric(100*c.FLOP/seconds/peakFLOPS(), "%peak")
	}
	if c.Bytes > 0 {
		b.ReportMetric(c.Bytes/seconds/1e9, "GB/s")
		b.ReportMetric(100*c.Bytes/seconds/copyRate(), "%copy")
	}
}

// filters are the widths that the tutorial recommends and those it begins with.
var filters = []struct {
	name   string
	widths work.Filters
}{{"8,16,32", work.Filters{8, 16, 32}}, {"32,64,128", work.Filters{32, 64, 128}}}
