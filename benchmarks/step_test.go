package benchmarks

import (
	"testing"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
)

// BenchmarkStep is a training step: batch 4, 256x256, VGG-19 to its last layer.
func BenchmarkStep(b *testing.B) {
	for _, f := range filters {
		b.Run(f.name, func(b *testing.B) {
			run(b, work.NewStep(newBackend(b), f.widths, 4, 256).Case(f.widths))
		})
	}
}
