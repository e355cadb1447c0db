// Package backendtest is the conformance suite of package backend. A backend's
// own test is a few lines:
//
//	func TestConformance(t *testing.T) {
//		backendtest.Run(t, func(testing.TB) backend.Backend { return cpu.Open() })
//	}
//
//	func TestGoldens(t *testing.T) {
//		backendtest.RunGoldens(t, func(testing.TB) backend.Backend { return cpu.Open() })
//	}
//
//	func BenchmarkOps(b *testing.B) {
//		backendtest.Bench(b, func(testing.TB) backend.Backend { return cpu.Open() })
//	}
//
// [Run] compares every operation, on fixed and on seeded random shapes, with
// package reference, which computes in float64 and is itself proven by finite
// differences. Error bounds are derived from the length of the sums: see limits.go.
// [RunGoldens] compares with tensors made by PyTorch.
package backendtest

import (
	"testing"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// Tolerance widens the suite's error bounds where a device's algorithms or
// arithmetic cannot meet those of direct summation in IEEE float32. The zero
// value asks for direct summation.
type Tolerance struct {
	// Conv multiplies the bounds of convolutions; zero means 1. With more than 1
	// an element's error is measured against the largest bound in the tensor.
	// Both are for Winograd's F(4x4, 3x3) (Lavin and Gray, arXiv:1509.09308):
	// its transforms have entries up to 8, so that it loses about three bits more
	// than a direct sum (relative L2 error of 1.5e-6 instead of 3e-7 with 64
	// channels), and spread the rounding errors of large values over a tile of
	// 4x4 outputs, small ones included. 4 keeps the relative L2 error of a layer
	// below 1e-5 and suits it.
	Conv float64
	// FlushSubnormals allows results below 2^-126 to be replaced by zero and such
	// inputs to be taken for zero, as the OpenGL Shading Language does.
	FlushSubnormals bool
}

// Reference returns a backend that computes in float64 with the plainest loops
// and implements none of the optional interfaces: the oracle of the suite. See
// package reference.
func Reference() backend.Backend { return reference.New() }

// check is one subtest of the suite.
type check struct {
	name string
	run  func(h *harness)
	// missing names the optional interface that the check needs and the backend
	// lacks, or is empty. It may be nil.
	missing func(b backend.Backend) string
}

// checks lists the whole suite.
func checks() []check {
	var all []check
	for _, o := range operations() {
		all = append(all, check{o.name, o.check, o.missing})
	}
	return append(all,
		check{name: "Buffers/RoundTrip", run: roundTrip},
		check{name: "Buffers/Reuse", run: reuse},
		check{name: "Special/NonFinite", run: nonFinite},
		check{name: "Special/Subnormal", run: subnormal},
		check{name: "Special/Norm", run: hardNorms},
		check{name: "Freeze", run: freeze, missing: noFreezer},
		check{name: "Queue", run: queue, missing: noQueuer},
		check{name: "Deterministic/Twice", run: twice},
		check{name: "Deterministic/GOMAXPROCS", run: threadCounts},
		check{name: "Chain", run: chain},
	)
}

// Run tests that the backend opened by open does what package backend says:
// every operation and gradient, overwriting and adding, on shapes that hit the
// tails of blocked and vectorized loops; special values; reuse of memory; and
// results that depend neither on history nor on GOMAXPROCS. The optional
// interfaces are tested where the backend implements them, against the
// composition of the reference's primitives.
//
// open is called several times; Run closes what it opens. With the environment
// variable IMPASTO_LONG it tries 200 random shapes per operation instead of a few.
func Run(t *testing.T, open func(t testing.TB) backend.Backend, tol ...Tolerance) {
	b := open(t)
	defer closeBackend(t, b)
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			if c.missing != nil {
				if what := c.missing(b); what != "" {
					t.Logf("nothing to test: %s does not implement the optional %s", b.Name(), what)
					return
				}
			}
			c.run(newHarness(t, open, b, tol...))
		})
	}
}

func closeBackend(t testing.TB, b backend.Backend) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
