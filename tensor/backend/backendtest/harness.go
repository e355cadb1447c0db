package backendtest

import (
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/impasto-go/impasto/tensor/backend"
)

// value is a tensor on the host.
type value struct {
	shape backend.Shape
	data  []float32
}

// call is one use of an operation: what it is given, and how wrong it may be.
type call struct {
	desc string
	in   []value
	out  []value // contents of the destinations before the call
	run  func(b backend.Backend, out, in []backend.Buffer)
	// composed is what the reference does instead of run, for fused operations;
	// nil otherwise.
	composed func(b backend.Backend, out, in []backend.Buffer)
	limits   limits
}

// String names the call and its shapes.
func (c *call) String() string {
	shapes := func(vs []value) (s []backend.Shape) {
		for _, v := range vs {
			s = append(s, v.shape)
		}
		return s
	}
	return fmt.Sprintf("%s %v <- %v", c.desc, shapes(c.out), shapes(c.in))
}

// eval executes the call on b and returns its results.
func (c *call) eval(b backend.Backend) [][]float32 {
	out, _ := execute(b, c.run, c.out, c.in)
	return out
}

// expect returns the results of the reference.
func (c *call) expect() [][]float32 {
	run := c.run
	if c.composed != nil {
		run = c.composed
	}
	out, _ := execute(Reference(), run, c.out, c.in)
	return out
}

// execute runs f on fresh buffers with the given contents and returns what it
// left in them.
func execute(b backend.Backend, f func(b backend.Backend, out, in []backend.Buffer), out, in []value) (outData, inData [][]float32) {
	outs, ins := upload(b, out), upload(b, in)
	f(b, outs, ins)
	outData, inData = download(b, outs), download(b, ins)
	for _, buf := range append(outs, ins...) {
		b.Free(buf)
	}
	return outData, inData
}

func upload(b backend.Backend, vs []value) []backend.Buffer {
	bufs := make([]backend.Buffer, len(vs))
	for i, v := range vs {
		bufs[i] = b.Alloc(v.shape)
		b.Write(bufs[i], v.data)
	}
	return bufs
}

func download(b backend.Backend, bufs []backend.Buffer) [][]float32 {
	data := make([][]float32, len(bufs))
	for i, buf := range bufs {
		data[i] = make([]float32, buf.Shape().Len())
		b.Read(data[i], buf)
	}
	return data
}

// maxFailures is the number of failures after which a check says no more.
const maxFailures = 5

// harness runs calls on a backend and reports differences.
type harness struct {
	t        testing.TB
	open     func(testing.TB) backend.Backend
	b        backend.Backend
	tol      Tolerance
	failures int
}

func newHarness(t testing.TB, open func(testing.TB) backend.Backend, b backend.Backend, tol ...Tolerance) *harness {
	h := &harness{t: t, open: open, b: b}
	if len(tol) > 0 {
		h.tol = tol[0]
	}
	if h.tol.Conv == 0 {
		h.tol.Conv = 1
	}
	return h
}

func (h *harness) errorf(format string, args ...any) {
	h.t.Helper()
	if h.failures++; h.failures <= maxFailures {
		h.t.Errorf(format, args...)
	}
}

// check executes the call on the backend and compares its results with the
// reference, bit for bit or within the call's limits.
func (h *harness) check(c *call) {
	h.t.Helper()
	if h.failures > maxFailures {
		return
	}
	defer h.rescue(c)
	h.poison(c)
	got, in := execute(h.b, c.run, c.out, c.in)
	if err := h.b.Sync(); err != nil {
		h.errorf("%v: Sync: %v", c, err)
	}
	for i, v := range c.in {
		if !sameBits(in[i], v.data) {
			h.errorf("%v: source %d has changed", c, i)
		}
	}
	want := c.expect()
	for i, l := range c.limits(h.tol, c, want) {
		h.compare(c, i, got[i], want[i], l)
	}
}

// eval executes the call on b; a panic is a failure and gives no results.
func (h *harness) eval(b backend.Backend, c *call) [][]float32 {
	defer h.rescue(c)
	return c.eval(b)
}

// rescue, deferred, turns a panic of the backend into a failure.
func (h *harness) rescue(c *call) {
	if p := recover(); p != nil {
		h.errorf("%v: panic: %v\n%s", c, p, debug.Stack())
	}
}

// poison fills memory that the backend is likely to hand out for the call with
// NaN: of the same shapes, and of the same shapes with the channels rounded up,
// which have the same size in a layout of blocks of channels.
func (h *harness) poison(c *call) {
	var dirty []value
	for _, v := range append(slices.Clone(c.out), c.in...) {
		s := v.shape
		s[1] = (s[1] + 15) / 16 * 16
		dirty = append(dirty, filled(v.shape, nan), filled(s, nan))
	}
	for _, buf := range upload(h.b, dirty) {
		h.b.Free(buf)
	}
}

// compare reports the elements of result i that differ by more than the limit.
func (h *harness) compare(c *call, i int, got, want []float32, l limit) {
	h.t.Helper()
	var bad, first int
	var maxAbs, maxRel, norm float64
	for j, w := range want {
		g, allowed := float64(got[j]), 0.0
		if l.each != nil {
			allowed = l.each[j]
		}
		if h.tol.FlushSubnormals {
			allowed += 0x1p-126
		}
		diff := math.Abs(g - float64(w))
		if g == float64(w) || math.IsNaN(g) && math.IsNaN(float64(w)) {
			diff = 0
		}
		norm += diff * diff
		maxAbs = max(maxAbs, diff)
		maxRel = max(maxRel, diff/math.Abs(float64(w)))
		if !(diff <= allowed) {
			if bad++; bad == 1 {
				first = j
			}
		}
	}
	shape := c.out[i].shape
	if bad > 0 {
		h.errorf("%v: result %d: %d of %d elements differ, the first at %v: got %v, want %v; largest error %.3g, relative %.3g",
			c, i, bad, len(want), index(shape, first), got[first], want[first], maxAbs, maxRel)
	} else if l.each != nil && !h.tol.FlushSubnormals && math.Sqrt(norm) > l.norm {
		h.errorf("%v: result %d: L2 norm of the error is %.3g, allowed %.3g; largest error %.3g, relative %.3g",
			c, i, math.Sqrt(norm), l.norm, maxAbs, maxRel)
	}
}

// index returns the coordinates n, c, y, x of element i.
func index(s backend.Shape, i int) [4]int {
	return [4]int{i / (s[1] * s[2] * s[3]), i / (s[2] * s[3]) % s[1], i / s[3] % s[2], i % s[3]}
}

// sameBits says whether two results are identical, NaN being equal to NaN.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return x == y && math.Signbit(float64(x)) == math.Signbit(float64(y)) || x != x && y != y
	})
}
