// Package selftest compares every operation of a backend with another backend's
// on the spot: a driver's bugs show on a user's machine, not on the developer's.
// Package backendtest is the thorough suite for developers.
package selftest

import (
	"math"
	"math/rand/v2"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Tolerance is the largest Result.Err of a sound device.
const Tolerance = 1e-4

// Result is the outcome of one operation.
type Result struct {
	Op  string        // such as "Conv2dGradInput 3x3 stride 2"
	Out backend.Shape // of the largest result
	// Err is the largest difference of an element, relative to the largest
	// element of the same result; not a number if there was one.
	Err float64
}

// OK reports whether the operation was computed well enough.
func (r Result) OK() bool { return r.Err <= Tolerance }

// Run runs every operation on tensors of about shape s, whose height and width
// must be at least 16, on dev and on ref. The error is the first of dev.
func Run(dev, ref backend.Backend, s backend.Shape) ([]Result, error) {
	rng := rand.New(rand.NewPCG(1, 2))
	var results []Result
	for _, o := range operations(s) {
		in := make([][]float32, len(o.in))
		for i, shape := range o.in {
			in[i] = values(rng, shape.Len(), o.positive[i])
		}
		out := make([][]float32, len(o.out))
		for i, shape := range o.out {
			out[i] = values(rng, shape.Len(), false)
		}
		got, want := evaluate(dev, o, out, in), evaluate(ref, o, out, in)
		if err := dev.Sync(); err != nil {
			return results, err
		}
		r := Result{Op: o.name}
		for i, shape := range o.out {
			if shape.Len() >= r.Out.Len() {
				r.Out = shape
			}
			r.Err = math.Max(r.Err, distance(got[i], want[i]))
		}
		results = append(results, r)
	}
	return results, nil
}

func values(rng *rand.Rand, n int, positive bool) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
		if positive {
			v[i] = float32(math.Abs(float64(v[i]))) + 0.1
		}
	}
	return v
}

// evaluate returns the results of o on b, whose destinations hold out before.
func evaluate(b backend.Backend, o operation, out, in [][]float32) [][]float32 {
	load := func(shapes []backend.Shape, values [][]float32) []backend.Buffer {
		buffers := make([]backend.Buffer, len(shapes))
		for i, s := range shapes {
			buffers[i] = b.Alloc(s)
			b.Write(buffers[i], values[i])
		}
		return buffers
	}
	dst, src := load(o.out, out), load(o.in, in)
	o.run(b, dst, src)
	results := make([][]float32, len(dst))
	for i, d := range dst {
		results[i] = make([]float32, d.Shape().Len())
		b.Read(results[i], d)
		b.Free(d)
	}
	for _, s := range src {
		b.Free(s)
	}
	return results
}

// distance is the largest difference relative to the largest wanted value.
func distance(got, want []float32) float64 {
	var worst, scale float64
	for i, w := range want {
		worst = math.Max(worst, math.Abs(float64(got[i])-float64(w))) // NaN stays
		scale = math.Max(scale, math.Abs(float64(w)))
	}
	if worst == 0 {
		return 0
	}
	return worst / math.Max(scale, 1e-30)
}
