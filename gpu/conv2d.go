//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"reflect"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Conv2d sets dst = conv(x, w) + bias. bias may be nil.
func (d *Device) Conv2d(dst, x, w, bias backend.Buffer, g backend.Conv) {
	d.ConvBlock(dst, x, w, bias, backend.ConvBlock{Conv: g, Upsample: 1})
}

// ConvBlock sets dst to the block's output. bias may be nil.
func (d *Device) ConvBlock(dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
	d.ConvBlockPool(dst, nil, x, w, bias, g)
}

// ConvBlockPool sets dst to the block's output and pooled, unless it is nil, to MaxPool2
// of that. bias may be nil.
func (d *Device) ConvBlockPool(dst, pooled, x, w, bias backend.Buffer, g backend.ConvBlock) {
	ws, ds := w.Shape(), dst.Shape()
	area := ws[2] * ws[3]
	c := convolution{
		dst: dst, x: x, bias: bias, pooled: pooled,
		batch: span{0, ds[0]},
		kernel: kernel{
			view: whole(w), derived: w.(*buffer).derived, rows: ws[2], columns: ws[3],
			outputStep: ws[1] * area, inputStep: area, rowStep: ws[3], columnStep: 1, scale: 1,
		},
		stride: g.Stride, padY: g.Pad, padX: g.Pad, upsample: g.Upsample,
		height: ds[2], width: ds[3], step: 1,
		relu: g.ReLU,
		// A convolution without a bias feeds a normalization, which would take it away.
		moments: bias == nil && !g.ReLU && pooled == nil,
		forward: true,
	}
	if g.Reflect {
		c.outside = padMirrored
	}
	if phased(ws, g) {
		c.kernel.rows, c.kernel.columns, c.kernel.fold = 2, 2, true
		c.upsample, c.step = 1, 2
		c.height, c.width = ds[2]/2, ds[3]/2
		if g.Reflect { // a mirrored row beyond the edge is the copy of the edge
			c.outside = padEdge
		}
	}
	d.conv(c)
}

// phased reports whether a block is a 3x3 convolution of an image upsampled by two: four
// convolutions of the small image with 2x2 kernels; see shaders/convolution.glsl.
func phased(w backend.Shape, g backend.ConvBlock) bool {
	return g.Upsample == 2 && w[2] == 3 && w[3] == 3 && g.Stride == 1 && g.Pad == 1
}

// padding is what a convolution sees outside its images.
type padding int

const (
	padZeros padding = iota
	padMirrored
	padEdge
)

// String returns the definition for shaders/window.glsl, with a space before it.
func (p padding) String() string { return [...]string{"", " REFLECT", " EDGE"}[p] }

// Conv2dGradInput computes the gradient of the input from that of the output.
func (d *Device) Conv2dGradInput(dx, dy, w backend.Buffer, g backend.Conv, add bool) {
	d.gradInput(dx, dy, w, nil, g, add)
}

// gradInput is Conv2dGradInput, gated unless gate is nil.
//
// With stride s the pixels of dx fall into s*s phases. In each of them dx is a
// convolution of dy, of stride 1, with every s-th tap of the mirrored kernel.
func (d *Device) gradInput(dx, dy, w, gate backend.Buffer, g backend.Conv, add bool) {
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
					view: whole(w), derived: w.(*buffer).derived, rows: rows, columns: columns,
					first:      (tapY+(rows-1)*g.Stride)*ws[3] + tapX + (columns-1)*g.Stride,
					outputStep: area, inputStep: ws[1] * area, rowStep: -g.Stride * ws[3], columnStep: -g.Stride, scale: 1,
				},
				stride: 1, padY: padY, padX: padX, upsample: 1,
				height: (xs[2] - y + g.Stride - 1) / g.Stride, width: (xs[3] - x + g.Stride - 1) / g.Stride,
				step: g.Stride, offsetY: y, offsetX: x,
				add: add, gate: gate,
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
	symmetric                                  bool                 // add the transposed matrix
	fold                                       bool                 // of 3x3 weights, the four phases' of 2x2
	foldBack                                   bool                 // of 3x3 weights, 4x4: see upsampledGradInput
	derived                                    map[packing]*derived // of frozen weights
}

// phases is how many kernels there are, with results of their own.
func (k kernel) phases() int {
	if k.fold {
		return 4
	}
	return 1
}

// convolution is what conv2d.comp computes.
type convolution struct {
	dst, x, bias     backend.Buffer
	pooled           backend.Buffer // MaxPool2 of dst; nil for none
	batch            span           // images
	kernel           kernel
	stride           int
	padY, padX       int
	outside          padding
	upsample         int
	height, width    int // pixels to compute, of each phase
	step             int // between them in dst, from the offset
	offsetY, offsetX int
	add, relu        bool
	moments          bool // leave those of dst for a normalization that comes next
	forward          bool // no gradient
	half             bool // the result is kept in 16 bits

	gate backend.Buffer // where it, of dst's shape, is not positive, results are 0; nil for none, or with a bias
}

// conv runs a convolution. Images and channels that do not fit a shader storage
// block go in slabs; those of the input add up.
func (d *Device) conv(c convolution) {
	cin, cout := c.x.Shape()[1], c.dst.Shape()[1]
	n := d.imagesAtOnce(c.batch.len, c.dst, c.x)
	whole := n == c.batch.len && d.atOnce(n*c.dst.(*buffer).plane()) >= cout && d.atOnce(n*c.x.(*buffer).plane()) >= cin
	c.moments = c.moments && d.shared() && whole
	pooled := c.pooled
	if !whole {
		c.pooled = nil
	}
	if c.half = d.halves(c) && whole && pooled == nil; c.half {
		dst := c.dst.(*buffer)
		dst.forgo()
		dst.half = true
		d.leave(dst)
	}
	for first := 0; first < c.batch.len; first += n {
		images := span{c.batch.first + first, n}
		for _, out := range d.cut(cout, images.len*c.dst.(*buffer).plane()) {
			for i, in := range d.cut(cin, images.len*c.x.(*buffer).plane()) {
				last := in.first+in.len == cin
				if d.convSlab(c, images, out, in, i > 0 || c.add, last) {
					pooled = nil
				}
			}
		}
	}
	if pooled != nil {
		d.MaxPool2(pooled, c.dst)
	}
}

// imagesAtOnce is how many of a batch's images one dispatch takes: single ones where
// tensors are too large for one shader storage block.
func (d *Device) imagesAtOnce(batch int, tensors ...backend.Buffer) int {
	for _, t := range tensors {
		if batch > d.atOnce(t.Shape()[1]*t.(*buffer).plane()) {
			return 1
		}
	}
	return batch
}

// slab is the view of some channels of some images; all of the channels when
// there are several images.
func slab(b backend.Buffer, images, channels span) view {
	return planes(b, images.first*b.Shape()[1]+channels.first, images.len*channels.len)
}

// convSlab runs the part of a convolution between some channels with the kernel that
// the device prefers, and reports whether that pooled the result, too.
func (d *Device) convSlab(c convolution, images, out, in span, add, last bool) (pooled bool) {
	xs, ds := c.x.Shape(), c.dst.Shape()
	x := c.x.(*buffer)
	at, count := images.first*xs[1]+in.first, images.len*in.len
	p := product{
		images: images, outputs: out.len, inputs: in.len, height: c.height, width: c.width, first: out, from: in,
		x: x.planes(at, count), norms: x.normsOf(at, count), halfInput: x.half,
	}
	if c.half {
		p.dst = c.dst.(*buffer).planes(images.first*ds[1]+out.first, images.len*out.len)
		p.overflow = d.overflow()
	} else {
		p.dst = slab(c.dst, images, out)
	}
	biased := c.bias != nil && last
	switch p.gated = c.gate != nil && last; {
	case biased:
		p.bias = whole(c.bias).part(out.first, out.len)
	case p.gated:
		p.bias = slab(c.gate, images, out)
	}
	p.args = argsOf(0, []any{
		images.len, in.len, xs[2], xs[3], out.len, c.height, c.width, ds[2], ds[3],
		c.step, c.offsetY, c.offsetX, c.padY, c.padX, biased, add, c.relu && last,
	})
	t := d.convTileFor(p.outputs, p.flops(c.kernel))
	if t != nil && d.winogradSuits(c, p) {
		d.convWinograd(c, p, *t)
		return c.pooled != nil
	}
	if t != nil {
		d.convTiled(c, p, *t)
	} else {
		d.convDirect(c, p)
	}
	return false
}

// product is one dispatch of a convolution, of any kernel.
type product struct {
	images          span
	outputs, inputs int
	height, width   int
	first, from     span // the channels of outputs and inputs
	dst, x, bias    view // bias is the gate with gated
	gated           bool
	norms           view // of a normalization of x that was put off; empty for none
	halfInput       bool // x is in 16 bits
	overflow        view // if dst is, too; otherwise empty
	pooled          view // what else is stored; otherwise empty
	args            args // of shaders/convolution.glsl
}

// quads is the number of runs of 4 pixels to compute.
func (p product) quads() int { return p.images.len * ((p.width + 3) / 4) * p.height }

// flops are the counted operations.
func (p product) flops(k kernel) float64 {
	return 2 * float64(k.phases()*p.images.len*p.height*p.width) * float64(p.outputs) * float64(p.inputs*k.rows*k.columns)
}

// half reports whether the result is kept in 16 bits.
func (p product) half() bool { return p.overflow.storage != nil }

// pools reports whether the kernel pools the result, too.
func (p product) pools() bool { return p.pooled.storage != nil }

// normalizes reports whether the input is to be normalized when it is loaded.
func (p product) normalizes() bool { return p.norms.storage != nil }

// operands is what the kernels of convolutions bind: five things, parts, moments or what
// is pooled for others, and where to note an overflow. Most kernels take only the first of them.
type operands [7]view

// views are what a kernel binds: a float of any memory in place of what there is not.
func (p product) views(weights view) operands {
	none := weights.part(0, 1)
	if p.bias.storage == nil {
		p.bias = none
	}
	if !p.normalizes() {
		p.norms = none
	}
	return operands{p.dst, p.x, weights, p.bias, p.norms, none, p.overflow}
}

// loads is how a kernel loads the input.
type loads struct {
	norms int // the storage block of a normalization that was put off; 0 for none
	half  bool
}

// loads is how the input is loaded by a kernel that has the norms in a certain block.
func (p product) loads(norms int) loads {
	if !p.normalizes() {
		norms = 0
	}
	return loads{norms, p.halfInput}
}

// String returns the definitions for shaders/window.glsl, with spaces before them.
func (l loads) String() (s string) {
	if l.norms > 0 {
		s = fmt.Sprintf(" NORM=%d", l.norms)
	}
	if l.half {
		s += " HALF_INPUT"
	}
	return s
}

// convDirect runs conv2d.comp, without barriers.
func (d *Device) convDirect(c convolution, p product) {
	k := c.kernel
	tile := convTile(p.outputs, k.phases()*p.images.len*c.height*c.width)
	tiles := k.phases() * ((p.outputs + 4*tile - 1) / (4 * tile))
	packed, lent := d.pack(k, p, tapsInner, tiles*4*tile, p.inputs*k.rows*k.columns)
	defer d.recycle(lent)

	f := convForm{tile: tile, upsample: c.upsample, outside: c.outside, phases: k.phases(), gated: p.gated, loads: p.loads(4), half: p.half()}
	if k.rows == k.columns && c.stride <= 2 && (k.rows == 3 || k.rows == 9 || k.fold || k.foldBack) { // unrolled
		f.rows, f.columns, f.stride = k.rows, k.columns, c.stride
	}
	quads := p.quads()
	lanes := groupSize
	for lanes/2 >= max(quads, 1) {
		lanes /= 2
	}
	p.args.add(lanes)
	if f.rows == 0 {
		p.args.add(k.rows, k.columns, c.stride)
	}
	views := p.views(packed)
	d.runCounted(p.flops(k), variant{shader: "conv2d", defines: defines(d, f)},
		(tiles*lanes+groupSize-1)/groupSize*((quads+lanes-1)/lanes), views.storing(p, moments{}), &p.args)
}

// convForm is a variant of conv2d.comp.
type convForm struct {
	tile, upsample        int
	outside               padding
	phases                int
	gated, half           bool
	loads                 loads
	rows, columns, stride int // 0 where they are arguments
}

func (f convForm) String() string {
	s := fmt.Sprintf("TILE=%d UP=%d%v", f.tile, f.upsample, f.outside)
	if f.phases > 1 {
		s += fmt.Sprintf(" PHASES=%d", f.phases)
	}
	if f.gated {
		s += " GATED"
	}
	s += f.loads.String()
	if f.half {
		s += " HALF_RESULT=6"
	}
	if f.rows > 0 {
		s += fmt.Sprintf(" KH=%d KW=%d STRIDE=%d", f.rows, f.columns, f.stride)
	}
	return s
}

// form is a variant of a shader.
type form interface {
	comparable
	fmt.Stringer
}

// defines is f as a string, which is made once.
func defines[F form](d *Device, f F) string {
	key := reflect.TypeFor[F]()
	known, _ := d.forms[key].(map[F]string) // forms as keys of one map would be allocated
	if known == nil {
		known = map[F]string{}
		d.forms[key] = known
	}
	s, ok := known[f]
	if !ok {
		s = f.String()
		known[f] = s
	}
	return s
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

// packOrder is which summands of a product come first.
type packOrder int

const (
	tapsInner packOrder = iota
	channelsInner
)

// pack brings the weights of a product into a kernel's order: rows of padded output
// channels, of all phases, for each of depth summands.
func (d *Device) pack(k kernel, p product, order packOrder, padded, depth int) (packed view, lent *storage) {
	n := depth * padded
	defines := [...]string{"", "CHANNELS_INNER"}[order]
	switch {
	case k.symmetric:
		defines = [...]string{"SYMMETRIC", "CHANNELS_INNER SYMMETRIC"}[order]
	case k.fold:
		defines = [...]string{"FOLD", "CHANNELS_INNER FOLD"}[order]
	case k.foldBack:
		defines = [...]string{"FOLD_BACK", "CHANNELS_INNER FOLD_BACK"}[order]
	}
	a := argsOf(0, []any{
		n, p.outputs, padded, k.rows, k.columns,
		k.first + p.first.first*k.outputStep + p.from.first*k.inputStep,
		k.outputStep, k.inputStep, k.rowStep, k.columnStep, k.scale, p.inputs,
		k.first + p.from.first*k.outputStep + p.first.first*k.inputStep,
	})
	return d.packed(k, max(1, n), variant{shader: "conv2dweights", defines: defines}, groupsForItems(n), &a)
}
