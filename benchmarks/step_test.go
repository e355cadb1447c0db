package benchmarks

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
)

// BenchmarkStep is a training step: batch 4, 256x256, VGG-19 to its last layer.
func BenchmarkStep(b *testing.B) {
	for _, f := range filters {
		b.Run(f.name, func(b *testing.B) {
			s, err := work.NewStep(newBackend(b), f.widths, 4, 256)
			require.NoError(b, err)
			run(b, s.Case())
		})
	}
}
