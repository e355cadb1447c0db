package benchmarks

import (
	"testing"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/tensor"
)

// opShapes are tensors of 32 MiB: one with enough channels for the CPU backend to
// keep it in blocks of 16, one that it keeps in planes.
var opShapes = []tensor.Shape{{4, 32, 256, 256}, {4, 8, 512, 512}}

func BenchmarkReLU(b *testing.B)         { op(b, "relu") }
func BenchmarkReflectPad(b *testing.B)   { op(b, "reflectpad") }
func BenchmarkInstanceNorm(b *testing.B) { op(b, "instancenorm") }
func BenchmarkUpsample(b *testing.B)     { op(b, "upsample") }
func BenchmarkMaxPool2(b *testing.B)     { op(b, "maxpool") }

// op times an operation by itself, forward and backward: inside a network the
// CPU backend folds most of them into their neighbors.
func op(b *testing.B, name string) {
	for _, s := range opShapes {
		for _, c := range work.NewOp(newBackend(b), name, s).Cases() {
			b.Run(s.String()+"/"+c.Name[len(name)+1:], func(b *testing.B) { run(b, c) })
		}
	}
}

// BenchmarkGram is the Gram matrix of the features of each style layer.
func BenchmarkGram(b *testing.B) {
	for _, s := range []tensor.Shape{{4, 64, 256, 256}, {4, 128, 128, 128}, {4, 256, 64, 64}, {4, 512, 32, 32}, {4, 512, 16, 16}} {
		be := newBackend(b)
		for _, c := range work.NewGram(be, s).Cases() {
			b.Run(s.String()+"/"+c.Name[len("gram."):], func(b *testing.B) { run(b, c) })
		}
	}
}
