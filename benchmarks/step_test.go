package benchmarks

import (
	"testing"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/tensor"
)

func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		name    string
		filters work.Filters
	}{{"8,16,32", work.Filters{8, 16, 32}}, {"32,64,128", work.Filters{32, 64, 128}}} {
		b.Run(c.name, func(b *testing.B) {
			be := tensor.CPU()
			defer be.Close()
			s := work.NewStep(be, c.filters, 4, 256)
			s.Run()
			s.Run()
			b.ReportAllocs()
			for b.Loop() {
				s.Run()
			}
		})
	}
}

func BenchmarkFrame(b *testing.B) {
	for _, c := range []struct {
		name    string
		filters work.Filters
	}{{"8,16,32", work.Filters{8, 16, 32}}, {"32,64,128", work.Filters{32, 64, 128}}} {
		b.Run(c.name, func(b *testing.B) {
			be := tensor.CPU()
			defer be.Close()
			f := work.NewFrame(be, c.filters, 960, 540)
			f.Run()
			f.Run()
			b.ReportAllocs()
			for b.Loop() {
				f.Run()
			}
		})
	}
}
