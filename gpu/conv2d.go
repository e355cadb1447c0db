//go:build gl && cgo && linux

package gpu

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Conv2d sets dst = conv(x, w) + bias. bias may be nil.
func (d *Device) Conv2d(dst, x, w, bias backend.Buffer, g backend.Conv) {
	d.ConvBlock(dst, x, w, bias, backend.ConvBlock{Conv: g, Upsample: 1})
}

// ConvBlock sets dst to the block's output. bias may be nil.
func (d *Device) ConvBlock(dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
	ws, ds := w.Shape(), dst.Shape()
	area := ws[2] * ws[3]
	d.conv(convolution{
		dst: dst, x: x, bias: bias,
		batch: span{0, ds[0]},
		kernel: kernel{
			view: whole(w), rows: ws[2], columns: ws[3],
			outputStep: ws[1] * area, inputStep: area, rowStep: ws[3], columnStep: 1, scale: 1,
		},
		stride: g.Stride, padY: g.Pad, padX: g.Pad, reflect: g.Reflect, upsample: g.Upsample,
		height: ds[2], width: ds[3], step: 1,
		relu: g.ReLU,
	})
}

// Conv2dGradInput computes the gradient of the input from that of the output.
//
// With stride s the pixels of dx fall into s*s phases. In each of them dx is a
// convolution of dy, of stride 1, with every s-th tap of the mirrored kernel.
func (d *Device) Conv2dGradInput(dx, dy, w backend.Buffer, g backend.Conv, add bool) {
	ws, xs := w.Shape(), dx.Shape()
	area := ws[2] * ws[3]
	for y := range min(g.Stride, xs[2]) {
		for x := range min(g.Stride, xs[3]) {
			tapY, rows, padY := phase(y, ws[2], g)
			tapX, columns, padX := phase(x, ws[3], g)
			d.conv(convolution{
				dst: dx, x: dy,
				batch: span{0, xs[0]},
				kernel: kernel{
					view: whole(w), rows: rows, columns: columns,
					first:      (tapY+(rows-1)*g.Stride)*ws[3] + tapX + (columns-1)*g.Stride,
					outputStep: area, inputStep: ws[1] * area, rowStep: -g.Stride * ws[3], columnStep: -g.Stride, scale: 1,
				},
				stride: 1, padY: padY, padX: padX, upsample: 1,
				height: (xs[2] - y + g.Stride - 1) / g.Stride, width: (xs[3] - x + g.Stride - 1) / g.Stride,
				step: g.Stride, offsetY: y, offsetX: x,
				add: add,
			})
		}
	}
}

// phase returns, for the coordinates u, u+stride, ... of the input, the first
// tap of size that reaches them, how many taps do, and the padding of the
// convolution over dy that they make.
func phase(u, size int, g backend.Conv) (tap, taps, pad int) {
	tap = (u + g.Pad) % g.Stride
	taps = max(0, (size-tap+g.Stride-1)/g.Stride)
	return tap, taps, taps - 1 - (u+g.Pad-tap)/g.Stride
}

// kernel says where conv2dweights.comp finds the weights of a convolution.
type kernel struct {
	view
	rows, columns                              int
	first                                      int // index of the first tap
	outputStep, inputStep, rowStep, columnStep int
	scale                                      float32
	symmetric                                  bool // add the transposed matrix
}

// convolution is what conv2d.comp computes.
type convolution struct {
	dst, x, bias     backend.Buffer
	batch            span // images
	kernel           kernel
	stride           int
	padY, padX       int
	reflect          bool
	upsample         int
	height, width    int // pixels to compute
	step             int // between them in dst, from the offset
	offsetY, offsetX int
	add, relu        bool
}

// conv runs a convolution. Images and channels that do not fit a shader storage
// block go in slabs; those of the input add up.
func (d *Device) conv(c convolution) {
	cin, cout := c.x.Shape()[1], c.dst.Shape()[1]
	for _, images := range d.images(c.batch, c.dst, c.x) {
		for _, out := range d.cut(cout, images.len*c.dst.(*buffer).plane()) {
			for i, in := range d.cut(cin, images.len*c.x.(*buffer).plane()) {
				last := in.first+in.len == cin
				d.convSlab(c, images, out, in, i > 0 || c.add, last)
			}
		}
	}
}

// images splits a batch into single images where tensors are too large for one
// shader storage block.
func (d *Device) images(batch span, tensors ...backend.Buffer) []span {
	split := false
	for _, t := range tensors {
		split = split || batch.len > d.atOnce(t.Shape()[1]*t.(*buffer).plane())
	}
	if !split {
		return []span{batch}
	}
	spans := make([]span, batch.len)
	for i := range spans {
		spans[i] = span{batch.first + i, 1}
	}
	return spans
}

// slab is the view of some channels of some images; all of the channels when
// there are several images.
func slab(b backend.Buffer, images, channels span) view {
	return planes(b, images.first*b.Shape()[1]+channels.first, images.len*channels.len)
}

func (d *Device) convSlab(c convolution, images, out, in span, add, last bool) {
	tile := convTile(out.len, images.len*c.height*c.width)
	tiles := (out.len + 4*tile - 1) / (4 * tile)
	packed := d.pack(c.kernel, out, in, tiles*4*tile)
	defer d.recycle(packed.storage)

	defines := fmt.Sprintf("TILE=%d UP=%d", tile, c.upsample)
	if c.reflect {
		defines += " REFLECT"
	}
	k := c.kernel
	unrolled := k.rows == k.columns && c.stride <= 2 && (k.rows == 3 || k.rows == 9)
	if unrolled {
		defines += fmt.Sprintf(" KH=%d KW=%d STRIDE=%d", k.rows, k.columns, c.stride)
	}
	bias := packed // never read
	biased := c.bias != nil && last
	if biased {
		bias = whole(c.bias).part(out.first, out.len)
	}
	quads := images.len * ((c.width + 3) / 4) * c.height
	lanes := groupSize
	for lanes/2 >= max(quads, 1) {
		lanes /= 2
	}
	xs, ds := c.x.Shape(), c.dst.Shape()
	uniforms := []any{
		images.len, in.len, xs[2], xs[3], out.len, c.height, c.width, ds[2], ds[3],
		c.step, c.offsetY, c.offsetX, c.padY, c.padX, biased, add, c.relu && last, lanes,
	}
	if !unrolled {
		uniforms = append(uniforms, k.rows, k.columns, c.stride)
	}
	d.run("conv2d", defines, (tiles*lanes+groupSize-1)/groupSize*((quads+lanes-1)/lanes),
		[]view{slab(c.dst, images, out), slab(c.x, images, in), packed, bias}, uniforms...)
}

// convTile is the number of 4-channel tiles that a thread computes: many reuse
// a loaded pixel more often, few make more threads.
func convTile(channels, pixels int) int {
	const enough = 1 << 14 // threads that keep a device busy
	for _, tile := range []int{4, 2} {
		if channels > 2*tile && pixels*channels/(16*tile) >= enough {
			return tile
		}
	}
	if channels > 4 {
		return 2
	}
	return 1
}

// pack brings the weights between the given channels into conv2d.comp's order.
func (d *Device) pack(k kernel, out, in span, padded int) view {
	n := in.len * k.rows * k.columns * padded
	packed := d.scratch(max(1, n))
	uniforms := []any{n, out.len, padded, k.rows, k.columns,
		k.first + out.first*k.outputStep + in.first*k.inputStep,
		k.outputStep, k.inputStep, k.rowStep, k.columnStep, k.scale}
	defines := ""
	if k.symmetric {
		defines = "SYMMETRIC"
		uniforms = append(uniforms, k.first+in.first*k.outputStep+out.first*k.inputStep)
	}
	d.run("conv2dweights", defines, groupsForItems(n), []view{packed, k.view}, uniforms...)
	return packed
}
