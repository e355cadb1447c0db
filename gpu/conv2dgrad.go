//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Conv2dGradWeight computes the gradients of weight and bias. dbias may be nil.
func (d *Device) Conv2dGradWeight(dw, dbias, x, dy backend.Buffer, g backend.Conv, add bool) {
	d.gradWeight(dw, x, dy, backend.ConvBlock{Conv: g, Upsample: 1}, add)
	if dbias != nil {
		d.sumPlanes(dbias, dy, add)
	}
}

// ConvBlockGradWeight computes the gradients of w and bias. dbias may be nil.
func (d *Device) ConvBlockGradWeight(dw, dbias, x, dy, y backend.Buffer, g backend.ConvBlock, add bool) {
	if g.ReLU {
		masked := d.Alloc(dy.Shape())
		defer d.Free(masked)
		d.ReLUGrad(masked, dy, y, false)
		dy = masked
	}
	d.gradWeight(dw, x, dy, g, add)
	if dbias != nil {
		d.sumPlanes(dbias, dy, add)
	}
}

// ConvBlockGradInput computes the gradient of x.
func (d *Device) ConvBlockGradInput(dx, dy, y, w backend.Buffer, g backend.ConvBlock, add bool) {
	d.blockGradInput(dx, dy, y, w, nil, g, add)
}

// ConvBlockGradInputGated is ConvBlockGradInput and then ReLUGrad of the block's input x.
func (d *Device) ConvBlockGradInputGated(dx, dy, y, w, x backend.Buffer, g backend.ConvBlock, add bool) {
	if g.Reflect && g.Pad > 0 || g.Upsample > 1 { // not stored by a convolution
		defer d.ReLUGrad(dx, dx, x, false)
		x = nil
	}
	d.blockGradInput(dx, dy, y, w, x, g, add)
}

// blockGradInput computes the gradient of the convolution, to the padded, upsampled
// input, then that of the padding, then that of upsampling. It is gated unless gate is
// nil.
func (d *Device) blockGradInput(dx, dy, y, w, gate backend.Buffer, g backend.ConvBlock, add bool) {
	if g.ReLU {
		masked := d.Alloc(dy.Shape())
		defer d.Free(masked)
		d.ReLUGrad(masked, dy, y, false)
		dy = masked
	}
	if phased(w.Shape(), g) {
		d.upsampledGradInput(dx, dy, w, g, add)
		return
	}
	s := dx.Shape()
	s[2] *= g.Upsample
	s[3] *= g.Upsample
	conv, up := g.Conv, dx
	if g.Upsample > 1 {
		up = d.Alloc(s)
		defer d.Free(up)
		defer d.UpsampleGrad(dx, up, g.Upsample, add)
		add = false
	}
	if !g.Reflect || g.Pad == 0 {
		d.gradInput(up, dy, w, gate, conv, add)
		return
	}
	padded := d.Alloc(backend.Shape{s[0], s[1], s[2] + 2*g.Pad, s[3] + 2*g.Pad})
	defer d.Free(padded)
	conv.Pad = 0
	d.Conv2dGradInput(padded, dy, w, conv, false)
	d.ReflectPadGrad(up, padded, g.Pad, add)
}

// upsampledGradInput is the gradient of a phased block without a ReLU: a convolution of
// dy with 4x4 sums of weights and stride 2. Mirrored rows beyond the edges are copies of
// these, and their gradients go there.
func (d *Device) upsampledGradInput(dx, dy, w backend.Buffer, g backend.ConvBlock, add bool) {
	ws, s := w.Shape(), dx.Shape()
	area := ws[2] * ws[3]
	c := convolution{
		dst: dx, x: dy,
		batch: span{0, s[0]},
		kernel: kernel{
			view: whole(w), derived: w.(*buffer).derived, rows: 4, columns: 4, foldBack: true,
			outputStep: area, inputStep: ws[1] * area, rowStep: ws[3], columnStep: 1, scale: 1,
		},
		stride: 2, padY: 1, padX: 1, upsample: 1,
		height: s[2], width: s[3], step: 1,
		add: add,
	}
	if !g.Reflect {
		d.conv(c)
		return
	}
	padded := d.Alloc(backend.Shape{s[0], s[1], s[2] + 2, s[3] + 2})
	defer d.Free(padded)
	c.dst, c.add = padded, false
	c.padY, c.padX, c.height, c.width = 3, 3, s[2]+2, s[3]+2
	d.conv(c)
	d.spatial("reflectpad", "GRAD EDGE", dx, []backend.Buffer{padded}, s[2], s[3], 1, add)
}

// gradWeight computes dw.
func (d *Device) gradWeight(dw, x, dy backend.Buffer, g backend.ConvBlock, add bool) {
	ws := dw.Shape()
	batch := x.Shape()[0]
	n := d.imagesAtOnce(batch, x, dy)
	for first := 0; first < batch; first += n {
		d.gradWeightImages(whole(dw), span{first, n}, x, dy, ws[2], ws[3], g, 1, add)
		add = true
	}
}

// gradWeightImages computes the part of dw that comes from some images:
// dw (+)= scale * sum over pixels. Shares of the pixels are summed apart, then
// together.
func (d *Device) gradWeightImages(dw view, images span, x, dy backend.Buffer, kh, kw int, g backend.ConvBlock, scale float32, add bool) {
	xs, ys := x.Shape(), dy.Shape()
	if d.sharedProduct(2 * float64(images.len*ys[2]*ys[3]) * float64(ys[1]*xs[1]*kh*kw)) {
		d.gradWeightTiled(dw, images, x, dy, kh, kw, g, scale, add)
		return
	}
	t := gradTileFor(ys[1], kh, kw, g.Stride)
	tiles := (ys[1] + 4*t.tile - 1) / (4 * t.tile)
	threads := tiles * ((xs[1] + t.spread - 1) / t.spread) * (kh / t.rows) * (kw / t.columns)
	shares := d.gradShares(threads, images.len*ys[2], dw.len)
	parts := d.scratch(shares * dw.len)
	defer d.recycle(parts.storage)
	v := variant{shader: "conv2dgradweight", defines: defines(d, directGradForm{t, kh, kw, g.Stride, g.Upsample, g.Reflect})}
	for _, out := range d.cut(ys[1], images.len*ys[2]*ys[3]) {
		for _, in := range d.cut(xs[1], images.len*xs[2]*xs[3]) {
			tiles := (out.len + 4*t.tile - 1) / (4 * t.tile)
			spreads := (in.len + t.spread - 1) / t.spread
			n := shares * tiles * spreads * (kh / t.rows) * (kw / t.columns)
			a := argsOf(0, []any{images.len, in.len, xs[2], xs[3], out.len, ys[2], ys[3], g.Pad,
				shares, dw.len, out.first, in.first, xs[1]})
			if !t.unrolled {
				a.add(kh, kw, g.Stride)
			}
			d.runArgs(v, groupsFor(n), []view{parts, slab(x, images, in), slab(dy, images, out)}, &a)
		}
	}
	d.sum(dw, matrix{view: parts, rows: dw.len, columns: shares, rowStep: 1, columnStep: dw.len}, scale, add)
}

// gradShares is into how many shares the rows of dy are cut: enough for threads
// to fill a device, as few as memory wants.
func (d *Device) gradShares(threads, rows, length int) int {
	const enough = 1 << 15
	const memory = 16 << 20 // floats
	room := min(memory, d.limits.block/floatSize-d.limits.align) / max(length, 1)
	return max(1, min(rows, (enough+threads-1)/max(threads, 1), room, 256))
}

// gradTile is the part of a weight gradient that a thread computes.
type gradTile struct {
	rows, columns int // taps
	spread        int // input channels
	tile          int // output channels, in fours
	unrolled      bool
}

func gradTileFor(outputs, kh, kw, stride int) gradTile {
	t := gradTile{rows: 1, columns: 1, spread: 1, tile: 2}
	switch {
	case kh != kw || stride > 2:
	case kh == 1:
		t.spread, t.unrolled = 4, true
	case kh == 3: // 36 sums in registers; 72 would spill on many devices
		t.rows, t.columns, t.tile, t.unrolled = 3, 3, 1, true
	case kh == 9:
		t.columns, t.unrolled = 9, true
	}
	if outputs <= 4 {
		t.tile = 1
	}
	return t
}

// directGradForm is a variant of conv2dgradweight.comp.
type directGradForm struct {
	gradTile
	height, width    int // of the kernel
	stride, upsample int
	reflect          bool
}

func (f directGradForm) String() string {
	s := fmt.Sprintf("TAPSY=%d TAPSX=%d SPREAD=%d TILE=%d UP=%d", f.rows, f.columns, f.spread, f.tile, f.upsample)
	if f.unrolled {
		s += fmt.Sprintf(" KH=%d KW=%d STRIDE=%d", f.height, f.width, f.stride)
	}
	if f.reflect {
		s += " REFLECT"
	}
	return s
}
