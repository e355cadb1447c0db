package benchmarks

import (
	"runtime"
	"testing"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
)

// BenchmarkFrame is the network's forward pass on 960x540 pixels.
func BenchmarkFrame(b *testing.B) {
	for _, f := range filters {
		b.Run(f.name, func(b *testing.B) {
			run(b, work.NewFrame(newBackend(b), f.widths, 960, 540).Case())
		})
	}
}

// BenchmarkStylizeRGBA is the same from bytes to bytes, as a game does it.
func BenchmarkStylizeRGBA(b *testing.B) {
	for _, f := range filters {
		b.Run(f.name, func(b *testing.B) {
			t, err := work.NewTexture(f.widths, 960, 540, runtime.GOMAXPROCS(0))
			if err != nil {
				b.Fatal(err)
			}
			defer t.Close()
			run(b, t.Case())
		})
	}
}
