package cpu_test

import (
	"testing"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/backendtest"
	"github.com/impasto-go/impasto/tensor/internal/cpu"
)

func open(t testing.TB) backend.Backend {
	b := cpu.New(cpu.Options{})
	t.Cleanup(func() { b.Close() })
	return b
}

func openPrecise(t testing.TB) backend.Backend {
	b := cpu.New(cpu.Options{Precise: true})
	t.Cleanup(func() { b.Close() })
	return b
}

func TestConformance(t *testing.T) { backendtest.Run(t, open, winograd) }

func TestConformancePrecise(t *testing.T) { backendtest.Run(t, openPrecise) }

func TestGoldens(t *testing.T) { backendtest.RunGoldens(t, open, winograd) }

func BenchmarkOps(b *testing.B) { backendtest.Bench(b, open) }

// winograd is the tolerance that the suite documents for F(4x4,3x3).
var winograd = backendtest.Tolerance{Conv: 4}
