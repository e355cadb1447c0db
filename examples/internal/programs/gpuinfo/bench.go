package gpuinfo

import (
	"fmt"
	"io"
	"time"

	"github.com/impasto-go/impasto/tensor/backend"
)

// A workload is an operation of the tutorial's training step (batch 4 of 256x256
// images) or of its 960x540 frames, cut down to size so that a software renderer
// finishes too.
type workload struct {
	name         string
	flops, bytes float64 // counted: what the operation must compute and move
	run          func()
	free         func()
}

// convolution measures a convolution of x and its gradients.
func convolution(b backend.Backend, name string, x backend.Shape, outputs, size int, g backend.Conv) []workload {
	w := backend.Shape{outputs, x[1], size, size}
	y := g.Out(x, w)
	bx, bw, by := ones(b, x), ones(b, w), ones(b, y)
	flops := 2 * float64(y.Len()) * float64(x[1]*size*size)
	bytes := 4 * float64(x.Len()+w.Len()+y.Len())
	return []workload{
		{name: name, flops: flops, bytes: bytes, run: func() { b.Conv2d(by, bx, bw, nil, g) }},
		{name: name + " grad input", flops: flops, bytes: bytes, run: func() { b.Conv2dGradInput(bx, by, bw, g, false) }},
		{name: name + " grad weight", flops: flops, bytes: bytes, run: func() { b.Conv2dGradWeight(bw, nil, bx, by, g, false) },
			free: func() { b.Free(bx); b.Free(bw); b.Free(by) }},
	}
}

func ones(b backend.Backend, s backend.Shape) backend.Buffer {
	buf := b.Alloc(s)
	b.Fill(buf, 1)
	return buf
}

// memory measures operations that only move data.
func memory(b backend.Backend, s backend.Shape) []workload {
	x, y := ones(b, s), ones(b, s)
	gamma, beta := ones(b, backend.Vec(s[1])), ones(b, backend.Vec(s[1]))
	mean, rstd := ones(b, backend.Shape{s[0], s[1], 1, 1}), ones(b, backend.Shape{s[0], s[1], 1, 1})
	loss := ones(b, backend.Scalar)
	size := 4 * float64(s.Len())
	return []workload{
		{name: "add", bytes: 3 * size, run: func() { b.Add(y, x, y) }},
		{name: "relu", bytes: 2 * size, run: func() { b.ReLU(y, x) }},
		{name: "instance norm", bytes: 3 * size, run: func() { b.InstanceNorm(y, mean, rstd, x, gamma, beta, 1e-5) }},
		{name: "mse", bytes: 2 * size, run: func() { b.MSE(loss, x, y, 1) },
			free: func() {
				for _, buf := range []backend.Buffer{x, y, gamma, beta, mean, rstd, loss} {
					b.Free(buf)
				}
			}},
	}
}

// bench prints what every workload reaches on b. side is the size of images.
func bench(out io.Writer, b backend.Backend, side int, budget time.Duration) error {
	same, half := backend.Conv{Stride: 1, Pad: 1}, backend.Conv{Stride: 2, Pad: 1}
	groups := []func() []workload{
		func() []workload {
			return convolution(b, "conv 3x3 64 to 64", backend.Shape{1, 64, side / 2, side / 2}, 64, 3, same)
		},
		func() []workload {
			return convolution(b, "conv 3x3 128 to 128", backend.Shape{1, 128, side / 4, side / 4}, 128, 3, same)
		},
		func() []workload {
			return convolution(b, "conv 9x9 3 to 32", backend.Shape{1, 3, side, side}, 32, 9, backend.Conv{Stride: 1, Pad: 4})
		},
		func() []workload {
			return convolution(b, "conv 9x9 32 to 3", backend.Shape{1, 32, side, side}, 3, 9, backend.Conv{Stride: 1, Pad: 4})
		},
		func() []workload {
			return convolution(b, "conv 3x3 32 to 64 stride 2", backend.Shape{1, 32, side, side}, 64, 3, half)
		},
		func() []workload { return gram(b, backend.Shape{1, 64, side, side}) },
		func() []workload { return memory(b, backend.Shape{1, 32, side, side}) },
	}
	fmt.Fprintf(out, "%-38s %10s %10s %10s\n", "operation", "ms", "GFLOP/s", "GB/s")
	for _, group := range groups {
		for _, w := range group() {
			t, err := measure(b, w.run, budget)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			gflops := "-"
			if w.flops > 0 {
				gflops = fmt.Sprintf("%.1f", w.flops/t.Seconds()/1e9)
			}
			fmt.Fprintf(out, "%-38s %10.3f %10s %10.2f\n", w.name, t.Seconds()*1e3, gflops, w.bytes/t.Seconds()/1e9)
			if w.free != nil {
				w.free()
			}
		}
	}
	return nil
}

func gram(b backend.Backend, s backend.Shape) []workload {
	x, g := ones(b, s), ones(b, backend.Shape{s[0], 1, s[1], s[1]})
	return []workload{{
		name: fmt.Sprintf("gram %d", s[1]), flops: 2 * float64(s.Len()) * float64(s[1]), bytes: 4 * float64(s.Len()),
		run:  func() { b.Gram(g, x) },
		free: func() { b.Free(x); b.Free(g) },
	}}
}

// measure returns the time of one run: the fastest of several batches, after a
// first run that compiles shaders.
func measure(b backend.Backend, run func(), budget time.Duration) (time.Duration, error) {
	run()
	if err := b.Sync(); err != nil {
		return 0, err
	}
	times := 1
	best := time.Duration(1<<63 - 1)
	for end := time.Now().Add(budget); ; {
		start := time.Now()
		for range times {
			run()
		}
		if err := b.Sync(); err != nil {
			return 0, err
		}
		elapsed := time.Since(start)
		best = min(best, elapsed/time.Duration(times))
		if elapsed < budget/20 {
			times *= 2 // so that waiting weighs little
		}
		if time.Now().After(end) {
			return best, nil
		}
	}
}
