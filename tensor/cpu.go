package tensor

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/cpu"
)

// CPUOption is a setting of CPU.
type CPUOption func(*cpu.Options)

// Threads sets how many threads share the work; the default is GOMAXPROCS.
// Results do not depend on it.
func Threads(n int) CPUOption { return func(o *cpu.Options) { o.Threads = n } }

// Precise computes every convolution directly instead of by Winograd's method:
// rounding errors fall from about 5e-6 to 1e-6 of a layer's output, for two to
// three times the time.
func Precise() CPUOption { return func(o *cpu.Options) { o.Precise = true } }

// CPU returns a backend that runs on the processor, with the widest vector
// instructions it has; the environment variable IMPASTO_ISA (portable, neon,
// avx2, avx512) holds it to less. Each backend has threads and a memory pool of
// its own, which Close releases.
func CPU(options ...CPUOption) backend.Backend {
	var o cpu.Options
	for _, set := range options {
		set(&o)
	}
	return cpu.New(o)
}
