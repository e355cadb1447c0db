//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// gradProduct is a size of conv2dgradtile.comp.
type gradProduct struct{ rows, columns, threadRows, threadColumns, depth int }

func (t gradProduct) threads() int { return t.rows * t.columns / (t.threadRows * t.threadColumns) }

// gradProducts are the sizes from few to many output channels.
var gradProducts = [4]gradProduct{{8, 128, 4, 4, 4}, {16, 128, 4, 8, 4}, {32, 64, 4, 8, 4}, {64, 64, 8, 8, 4}}

// gradProductFor returns the smallest size with as many rows as there are channels, or
// the largest.
func gradProductFor(outputs int) gradProduct {
	for _, t := range gradProducts {
		if outputs <= t.rows {
			return t
		}
	}
	return gradProducts[len(gradProducts)-1]
}

// gradForm is a variant of conv2dgradtile.comp.
type gradForm struct {
	gradProduct
	rows, columns, stride, upsample int
	reflect                         bool
	aligned, pointwise              bool // loads of whole quads, of dy and of x
}

func (f gradForm) String() string {
	s := fmt.Sprintf("THREADS=%d ROWS=%d COLUMNS=%d THREAD_ROWS=%d THREAD_COLUMNS=%d DEPTH=%d KH=%d KW=%d STRIDE=%d UP=%d",
		f.threads(), f.gradProduct.rows, f.gradProduct.columns, f.threadRows, f.threadColumns, f.depth,
		f.rows, f.columns, f.stride, f.upsample)
	for i, on := range [3]bool{f.reflect, f.aligned, f.pointwise} {
		if on {
			s += [3]string{" REFLECT", " ALIGNED", " POINTWISE"}[i]
		}
	}
	return s
}

// gradWeightTiled is gradWeightImages with shared memory.
func (d *Device) gradWeightTiled(dw view, images span, x, dy backend.Buffer, kh, kw int, g backend.ConvBlock, scale float32, add bool) {
	xs, ys := x.Shape(), dy.Shape()
	t := gradProductFor(ys[1])
	groups := func(outputs, inputs int) int {
		return (outputs + t.rows - 1) / t.rows * ((inputs*kh*kw + t.columns - 1) / t.columns)
	}
	chunks := (images.len*ys[2]*((ys[3]+3)/4) + t.depth - 1) / t.depth
	shares := d.tileShares(groups(ys[1], xs[1]), chunks, dw.len)
	parts := d.scratch(shares * dw.len)
	defer d.recycle(parts.storage)
	aligned := ys[3]%4 == 0
	variants := defines(d, gradForm{
		gradProduct: t, rows: kh, columns: kw, stride: g.Stride, upsample: g.Upsample, reflect: g.Reflect,
		aligned: aligned, pointwise: aligned && kh == 1 && kw == 1 && g.Stride == 1 && g.Upsample == 1 && g.Pad == 0,
	})
	for _, out := range d.cut(ys[1], images.len*ys[2]*ys[3]) {
		for _, in := range d.cut(xs[1], images.len*xs[2]*xs[3]) {
			a := argsOf(0, []any{images.len, in.len, xs[2], xs[3], out.len, ys[2], ys[3], g.Pad,
				shares, dw.len, out.first, in.first, xs[1]})
			flops := 2 * float64(images.len*ys[2]*ys[3]) * float64(out.len) * float64(in.len*kh*kw)
			d.runCounted(flops, variant{shader: "conv2dgradtile", defines: variants}, shares*groups(out.len, in.len),
				[]view{parts, slab(x, images, in), slab(dy, images, out)}, &a)
		}
	}
	d.sum(dw, matrix{view: parts, rows: dw.len, columns: shares, rowStep: 1, columnStep: dw.len}, scale, add)
}

// tileShares is into how many shares the chunks of pixels are cut: enough groups to
// fill a card, of 8 chunks at least, and as few as memory wants.
func (d *Device) tileShares(groups, chunks, length int) int {
	const memory = 16 << 20 // floats
	room := min(memory, d.limits.block/floatSize-d.limits.align) / max(length, 1)
	return max(1, min(2*d.kernels.groups/max(groups, 1), (chunks+7)/8, room, 256))
}
