package cpu

import (
	"fmt"
	"sync"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// buffer is a tensor in main memory, planar or blocked.
type buffer struct {
	shape   backend.Shape
	data    []float32 // exactly the elements, followed by slack
	span    *span     // that data lies in
	blocked bool      // [N][C/16][H][W][16] instead of [N][C][H][W]
	stats   planeStats

	deferred *deferredNorm // nil if the contents are what they should be

	mu      sync.Mutex // guards what follows, which backends that share b may fill
	frozen  bool
	derived [2]winogradWeights   // per direction
	taps    [keptForms][]float32 // packed for direct convolutions
}

// winogradWeights are the weights of a Winograd convolution with in input and out
// output channels, in one of two forms.
type winogradWeights struct {
	in, out int
	// u is transformed, [out/32][frequency][in][32], with frequencies apart: four
	// times the size of the weights.
	u []float32
	// packed is not, [out/16][in][9][16]: for weights that would crowd the memory,
	// and that parts with many tiles transform as they go.
	packed []float32
}

// direction says which convolution weights are transformed for.
type direction int

const (
	forward direction = iota
	backward
)

// Shape returns the shape given to Alloc.
func (b *buffer) Shape() backend.Shape { return b.shape }

// of returns the implementation of a Buffer, whose contents are what they should be.
func of(b backend.Buffer) *buffer {
	c := deferring(b)
	if c.deferred != nil {
		c.settle()
	}
	return c
}

// deferring is of for those who heed a normalization that was put off.
func deferring(b backend.Buffer) *buffer {
	c, ok := b.(*buffer)
	if !ok {
		panic(fmt.Sprintf("BUG: a %T given to the CPU backend", b))
	}
	return c
}

// blockable reports whether tensors of shape s are kept blocked: from 32 channels
// on, where whole blocks fill a tile of the matrix kernels.
func blockable(s backend.Shape) bool { return s[1] >= 32 && s[1]%f32.Lanes == 0 }

// planes returns the number of independent planes and the floats per pixel.
func (b *buffer) planes() (n, pixel int) {
	if b.blocked {
		return b.shape[0] * b.shape[1] / f32.Lanes, f32.Lanes
	}
	return b.shape[0] * b.shape[1], 1
}

// changed drops what was derived from the contents: b is about to be written.
func (b *buffer) changed() {
	b.stats.pieces = 0
	if b.frozen {
		b.mu.Lock()
		b.frozen, b.derived, b.taps = false, [2]winogradWeights{}, [keptForms][]float32{}
		b.mu.Unlock()
	}
}

// as makes b, about to be overwritten, a destination in the layout of x.
func (b *buffer) as(x *buffer) *buffer { return b.inLayout(x.blocked) }

func (b *buffer) inLayout(blocked bool) *buffer {
	b.changed()
	b.blocked = blocked
	return b
}

// Freeze promises that the contents of x stay.
func (b *Backend) Freeze(x backend.Buffer) {
	c := of(x)
	c.mu.Lock()
	c.frozen = true
	c.mu.Unlock()
}

// headers are buffers without memory.
type headers struct{ free []*buffer }

// Alloc returns a buffer from the pool or fresh memory.
func (b *Backend) Alloc(s backend.Shape) backend.Buffer {
	var h *buffer
	spare := own[headers](b)
	if n := len(spare.free); n > 0 {
		h, spare.free = spare.free[n-1], spare.free[:n-1]
	} else {
		h = new(buffer)
	}
	h.shape, h.blocked = s, false
	h.occupy(b.pool.take(s.Len()))
	return h
}

// occupy makes s the memory of b.
func (b *buffer) occupy(s *span) {
	b.span, b.data = s, s.mem[:b.shape.Len()]
}

// Free gives x back to the pool.
func (b *Backend) Free(x backend.Buffer) {
	c := deferring(x)
	if c.data == nil {
		panic("BUG: buffer freed twice")
	}
	c.forgo()
	c.changed()
	c.stats.release(&b.pool)
	b.pool.give(c.span)
	c.span, c.data = nil, nil
	spare := own[headers](b)
	spare.free = append(spare.free, c)
}

// relayout is the task that converts between planar and blocked.
type relayout struct {
	dst, src []float32
	pixels   int
	block    bool
}

const relayoutPixels = 2048

func (t *relayout) do(i, _ int) {
	parts := (t.pixels + relayoutPixels - 1) / relayoutPixels
	plane, from := i/parts, i%parts*relayoutPixels
	n := min(relayoutPixels, t.pixels-from)
	base := plane * t.pixels * f32.Lanes
	if t.block {
		f32.ToBlocked(t.dst[base+from*f32.Lanes:], t.src[base+from:], t.pixels, n, f32.Lanes)
	} else {
		f32.FromBlocked(t.dst[base+from:], t.pixels, t.src[base+from*f32.Lanes:], n, f32.Lanes)
	}
}

// convert copies src to dst, changing the layout to blocked or to planar.
func (b *Backend) convert(dst, src []float32, s backend.Shape, block bool) {
	t := own[relayout](b)
	*t = relayout{dst: dst, src: src, pixels: s[2] * s[3], block: block}
	parts := (s[2]*s[3] + relayoutPixels - 1) / relayoutPixels
	b.run(s[0]*s[1]/f32.Lanes*parts, t)
}

// arrange changes the layout of x in place to that wanted.
func (b *Backend) arrange(x *buffer, blocked bool) {
	if x.blocked == blocked {
		return
	}
	if x.deferred != nil {
		x.settle()
	}
	src, from := x.data, x.span
	x.occupy(b.pool.take(len(src)))
	b.convert(x.data, src, x.shape, blocked)
	b.pool.give(from)
	x.blocked = blocked
	x.stats.pieces = 0
}

// target returns dst ready to take a result in the layout of x, which for an
// addition means to convert what is there.
func (b *Backend) target(dst backend.Buffer, x *buffer, add bool) *buffer {
	d := of(dst)
	if add {
		d.changed()
		b.arrange(d, x.blocked)
		return d
	}
	return d.as(x)
}

// planar returns the values of x in NCHW order.
func (b *Backend) planar(x backend.Buffer) []float32 {
	b.arrange(of(x), false)
	return of(x).data
}

// planarTarget returns the values of dst, ready to take a planar result, which for
// an addition means to convert what is there.
func (b *Backend) planarTarget(dst backend.Buffer, add bool) []float32 {
	d := of(dst)
	if !add {
		return d.inLayout(false).data
	}
	d.changed()
	return b.planar(d)
}

// Write copies NCHW values into dst, which becomes planar.
func (b *Backend) Write(dst backend.Buffer, src []float32) {
	copy(of(dst).inLayout(false).data, src)
}

// Read copies src in NCHW order.
func (b *Backend) Read(dst []float32, src backend.Buffer) {
	if c := of(src); c.blocked {
		b.convert(dst, c.data, c.shape, false)
	} else {
		copy(dst, c.data)
	}
}
