package rows

import (
	"testing"
)

func BenchmarkRows(b *testing.B) {
	const w, h = 640, 360
	f := &Frame{W: w, H: h, Motion: make([]float32, 2*w*h), ScaleX: 1, ScaleY: 1, Depth: make([]float32, w*h), Last: make([]float32, w*h), Tolerance: 0.1}
	for i := range w * h {
		f.Motion[2*i], f.Motion[2*i+1] = 0.4, 1.3
	}
	from, to := make([]Place, w*h), make([]Place, w*h)
	base, next := make([]uint64, w*h+Guard(w)), make([]uint64, w*h+Guard(w))
	pixels := make([]uint8, 4*w*h)
	for y := range h {
		Itself(from[y*w:][:w], y)
	}
	for y := range h {
		f.Follow(to[y*w:][:w], from, y)
	}
	row := func(y int) []uint8 { return pixels[4*w*min(max(y, 0), h-1):][:4*w] }
	all := func(name string, do func(y int)) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for y := range h {
					do(y)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*w*h), "ns/pixel")
		})
	}
	all("Follow", func(y int) { f.Follow(to[y*w:][:w], from, y) })
	all("Carry", func(y int) { Carry(row(y), to[y*w:][:w], base, w) })
	all("Mix", func(y int) {
		Mix(next[y*w:][:w], &[3][]uint8{row(y - 1), row(y), row(y + 1)}, to[y*w:][:w], base, 29000)
	})
	all("Take", func(y int) { Take(next[y*w:][:w], row(y)) })
	all("Show", func(y int) { Show(row(y), row(y), next[y*w:][:w]) })
	all("Itself", func(y int) { Itself(from[y*w:][:w], y) })
}
