package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// winogradFits reports whether the convolution of x to dst runs as Winograd.
func (b *Backend) winogradFits(x, w, dst backend.Shape, g backend.ConvBlock) bool {
	return !b.precise && w[2] == 3 && w[3] == 3 && g.Stride == 1 && g.Upsample == 1 && g.Pad <= 2 &&
		blockable(x) && blockable(dst)
}

// Conv2d sets dst = conv(x, w) + bias.
func (b *Backend) Conv2d(dst, x, w, bias backend.Buffer, g backend.Conv) {
	b.ConvBlock(dst, x, w, bias, backend.ConvBlock{Conv: g, Upsample: 1})
}

// ConvBlock sets dst = relu?(conv(pad(upsample(x)), w) + bias).
func (b *Backend) ConvBlock(dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
	d, s, k := of(dst), deferring(x), of(w)
	b.arrange(k, false) // if it is the result of an operation
	d.inLayout(blockable(d.shape))
	var shift []float32
	if bias != nil {
		shift = of(bias).data
	}
	if b.winogradFits(s.shape, k.shape, d.shape, g) {
		b.arrange(s, true)
		mode := f32.Store
		if g.ReLU {
			mode = f32.StoreReLU
		}
		b.winograd(d, s, nil, b.winogradWeights(k, forward), shift, g.Pad, outsideOf(g), mode)
		return
	}
	t := b.newTaps(d)
	t.bias, t.relu = shift, g.ReLU
	form, up, outside := forwardForm, g.Upsample, outsideOf(g)
	if phased(k.shape, g) {
		form = phasesForm
		t.upsampleTaps(k.shape)
		up = 1
		if g.Reflect {
			outside = edge
		}
	} else {
		t.forwardTaps(k.shape, g.Conv)
	}
	t.place(s, nil, up, outside)
	run := b.prepare(t, k, form)
	// A convolution without a bias feeds a normalization, which would take it away.
	if t.stats = bias == nil && t.plain(); t.stats {
		d.stats.reset(&b.pool, d.shape[0]*d.shape[1], t.parts(), t.rows*t.scale*d.shape[3])
	}
	b.run(s.shape[0]*t.parts(), run)
}

// newTaps prepares the tap convolution for a result in dst.
func (b *Backend) newTaps(dst *buffer) *tapConv {
	t := own[tapConv](b)
	t.scratch, t.dst = b.scratch, dst
	t.bias, t.relu, t.add, t.stats = nil, false, false, false
	t.streams = dst.blocked && b.streams(dst.data, false)
	t.stride, t.scale = 1, 1
	return t
}

// forwardTaps lists the taps of a plain convolution with weights of shape w.
func (t *tapConv) forwardTaps(w backend.Shape, g backend.Conv) {
	t.stride = g.Stride
	t.reset(1)
	p := &t.phases[0]
	p.y, p.x = 0, 0
	for c := range w[1] {
		for ky := range w[2] {
			for kx := range w[3] {
				p.taps = append(p.taps, tap{c, ky - g.Pad, kx - g.Pad, (c*w[2]+ky)*w[3] + kx})
			}
		}
	}
}

// phased reports whether the block is a 3x3 convolution of an image upsampled by
// two, which is four convolutions of the small image with 2x2 kernels: two of
// the three rows that a kernel covers are copies of one. A mirrored row beyond
// the edge is the copy of the edge.
func phased(w backend.Shape, g backend.ConvBlock) bool {
	return g.Upsample == 2 && w[2] == 3 && w[3] == 3 && g.Stride == 1 && g.Pad == 1
}

// rowsOf3 tells which rows of a 3-row kernel fall on row a of the two rows of the
// small image that output rows of phase p see.
var rowsOf3 = [2][2][]int{{{0}, {1, 2}}, {{0, 1}, {2}}}

// upsampleTaps lists the taps of the four phases, whose kernels are those of
// upsampleKernels.
func (t *tapConv) upsampleTaps(w backend.Shape) {
	t.scale = 2
	t.reset(4)
	for i := range t.phases {
		p := &t.phases[i]
		p.y, p.x = i/2, i%2
		for c := range w[1] {
			for a := range 2 {
				for q := range 2 {
					p.taps = append(p.taps, tap{c, p.y - 1 + a, p.x - 1 + q, ((i*w[1]+c)*4 + a*2 + q) * w[0]})
				}
			}
		}
	}
}

// upsampleKernels returns the kernels of the four phases as [phase][C][2][2][K].
func (b *Backend) upsampleKernels(w *buffer) []float32 {
	k, c := w.shape[0], w.shape[1]
	out := b.shared.floats(slotLocal, 16*k*c)
	i := 0
	for phase := range 4 {
		for ch := range c {
			for at := range 4 {
				rows, cols := rowsOf3[phase/2][at/2], rowsOf3[phase%2][at%2]
				for o := range k {
					var sum float32
					for _, ky := range rows {
						for _, kx := range cols {
							sum += w.data[((o*c+ch)*3+ky)*3+kx]
						}
					}
					out[i] = sum
					i++
				}
			}
		}
	}
	return out
}

// Conv2dGradInput computes the gradient of the input.
func (b *Backend) Conv2dGradInput(dx, dy, w backend.Buffer, g backend.Conv, add bool) {
	b.ConvBlockGradInput(dx, dy, nil, w, backend.ConvBlock{Conv: g, Upsample: 1}, add)
}

// ConvBlockGradInput computes the gradient of the input of a block.
func (b *Backend) ConvBlockGradInput(dx, dy, y, w backend.Buffer, g backend.ConvBlock, add bool) {
	d := of(dx)
	b.arrange(of(w), false)
	if !g.Reflect && g.Upsample == 1 {
		b.gradInput(d, of(dy), maskOf(y, g), of(w), g, g.Pad, add)
		return
	}
	// The gradient of the padded, upsampled image first, then back through both.
	s := d.shape
	s[2], s[3] = s[2]*g.Upsample, s[3]*g.Upsample
	if !g.Reflect {
		up := b.Alloc(s)
		b.gradInput(of(up), of(dy), maskOf(y, g), of(w), g, g.Pad, false)
		b.UpsampleGrad(dx, up, g.Upsample, add)
		b.Free(up)
		return
	}
	padded := b.Alloc(backend.Shape{s[0], s[1], s[2] + 2*g.Pad, s[3] + 2*g.Pad})
	b.gradInput(of(padded), of(dy), maskOf(y, g), of(w), g, 0, false)
	if g.Upsample == 1 {
		b.ReflectPadGrad(dx, padded, g.Pad, add)
	} else {
		up := b.Alloc(s)
		b.ReflectPadGrad(up, padded, g.Pad, false)
		b.UpsampleGrad(dx, up, g.Upsample, add)
		b.Free(up)
	}
	b.Free(padded)
}

// maskOf returns the output that masks a gradient, if the block ends in a ReLU.
func maskOf(y backend.Buffer, g backend.ConvBlock) *buffer {
	if !g.ReLU {
		return nil
	}
	return of(y)
}

// gradInput computes the gradient of a convolution with zero padding pad.
func (b *Backend) gradInput(dx, dy, mask, w *buffer, g backend.ConvBlock, pad int, add bool) {
	if add {
		dx.changed()
		b.arrange(dx, blockable(dx.shape))
	} else {
		dx.inLayout(blockable(dx.shape))
	}
	if mask != nil {
		b.arrange(dy, mask.blocked)
	}
	g.Pad, g.Upsample = 2-pad, 1
	if pad <= 2 && b.winogradFits(dy.shape, w.shape, dx.shape, g) {
		b.arrange(dy, true)
		if mask != nil {
			b.arrange(mask, true)
		}
		mode := f32.Store
		if add {
			mode = f32.Accumulate
		}
		b.winograd(dx, dy, mask, b.winogradWeights(w, backward), nil, 2-pad, zeros, mode)
		return
	}
	if g.Stride > maxScale {
		b.sparseGradInput(dx, dy, mask, w, g.Stride, pad, add)
		return
	}
	t := b.newTaps(dx)
	t.add = add
	t.gradTaps(w.shape, g.Stride, pad)
	t.place(dy, mask, 1, zeros)
	run := b.prepare(t, w, gradientForm)
	b.run(dx.shape[0]*t.parts(), run)
}

// gradTaps lists the taps of the gradient of the input: pixel y*stride+r of it
// has taps with the kernel rows ky that reach it from whole output rows,
// (y*stride + r + pad - ky)/stride.
func (t *tapConv) gradTaps(w backend.Shape, stride, pad int) {
	t.scale = stride
	t.reset(stride * stride)
	for i := range t.phases {
		p := &t.phases[i]
		p.y, p.x = i/stride, i%stride
		for k := range w[0] {
			for ky := range w[2] {
				row := p.y + pad - ky
				if row%stride != 0 {
					continue
				}
				for kx := range w[3] {
					if col := p.x + pad - kx; col%stride == 0 {
						p.taps = append(p.taps, tap{k, row / stride, col / stride, (k*w[1]*w[2]+ky)*w[3] + kx})
					}
				}
			}
		}
	}
}

// sparseGradInput serves strides too large for phases: it spreads the gradient
// out with zeros between, and convolves that with stride 1.
func (b *Backend) sparseGradInput(dx, dy, mask, w *buffer, stride, pad int, add bool) {
	s := dy.shape
	s[2], s[3] = (s[2]-1)*stride+1, (s[3]-1)*stride+1
	wide := b.Alloc(s)
	b.Fill(wide, 0)
	b.arrange(dy, false)
	if mask != nil {
		b.arrange(mask, false)
	}
	to := of(wide).data
	for i, v := range dy.data {
		if mask == nil || mask.data[i] > 0 {
			row, col := i/dy.shape[3], i%dy.shape[3]
			plane := row / dy.shape[2]
			to[(plane*s[2]+row%dy.shape[2]*stride)*s[3]+col*stride] = v
		}
	}
	b.gradInput(dx, of(wide), nil, w, backend.ConvBlock{Conv: backend.Conv{Stride: 1}}, pad, add)
	b.Free(wide)
}
