//go:build gl && cgo && (linux || windows)

package gpu

import "fmt"

// frequencies of F(4x4,3x3).
const frequencies = 36

// winogradName is the name of conv2dwinograd.comp among the kernels.
const winogradName = "winograd"

// winogradSuits reports whether conv2dwinograd.comp computes a convolution, and with
// enough channels to gain: what the products save must be worth the transforms.
func (d *Device) winogradSuits(c convolution, p product) bool {
	const least = 32 // channels
	k := c.kernel
	return d.kernels.winograd && k.rows == 3 && k.columns == 3 && c.stride == 1 && !k.symmetric &&
		p.inputs >= least && p.outputs >= least
}

// winogradForm is a variant of the stage INPUT.
type winogradForm struct {
	upsample int
	outside  padding
	loads    loads
}

func (f winogradForm) String() string {
	return fmt.Sprintf("INPUT UP=%d%v%v", f.upsample, f.outside, f.loads)
}

// winogradFloats is about how many floats the transformed inputs or products of a run
// of tiles take. On an H100, whose cache has 50 MB, a step with 2, 4, 12 and 24 Mi took 1.23,
// 1.12, 1 and about 0.96 times as long: what long runs gain by filling the card is more
// than what short ones gain in the cache.
const winogradFloats = 24 << 20

// convWinograd runs a 3x3 convolution in runs of tiles.
func (d *Device) convWinograd(c convolution, p product, t tile) {
	k := c.kernel
	depth := (p.inputs + t.depth - 1) / t.depth * t.depth
	padded := (p.outputs + t.rows - 1) / t.rows * t.rows
	pack := argsOf(0, []any{
		depth * padded, p.outputs, p.inputs, padded,
		k.first + p.first.first*k.outputStep + p.from.first*k.inputStep,
		k.outputStep, k.inputStep, k.rowStep, k.columnStep, k.scale,
	})
	weights, lent := d.packed(k, frequencies*depth*padded, variant{shader: "conv2dwinograd", defines: "WEIGHTS"},
		groupsFor(depth*padded), &pack)
	defer d.recycle(lent)

	across, down := (p.width+3)/4, (p.height+3)/4
	all := p.images.len * across * down
	channels := max(p.inputs, p.outputs)
	room := min(winogradFloats/(frequencies*channels), d.atOnce(frequencies*channels)) / t.columns * t.columns
	columns := min(max(room, t.columns), (all+t.columns-1)/t.columns*t.columns)
	inputs, products := d.scratch(frequencies*p.inputs*columns), d.scratch(frequencies*p.outputs*columns)
	defer d.recycle(inputs.storage)
	defer d.recycle(products.storage)

	f := tileForm{tile: t, rows: 1, columns: 1, stride: 1, upsample: 1, aligned: true, long: p.inputs > 256}
	if p.inputs%t.depth != 0 {
		f.inputs = p.inputs
	}
	multiply := variant{shader: "conv2dtile", defines: defines(d, f)}
	transform := variant{shader: "conv2dwinograd", defines: defines(d, winogradForm{c.upsample, c.outside, p.loads(2)})}
	m := d.roomForMoments(c, p, all, groupSize)
	views := p.views(weights)
	norms := views[4]
	views[1], views[2], views[4] = products, products.part(0, 1), products.part(0, 1)
	if c.pooled != nil {
		p.pooled = whole(c.pooled)
	}
	xs := c.x.Shape()
	for first := 0; first < all; first += columns {
		tiles := min(columns, all-first)
		in := argsOf(0, []any{p.inputs, xs[2], xs[3], across, down, first, tiles, columns, c.padY, c.padX})
		d.runArgs(transform, groupsFor(p.inputs*columns), []view{inputs, p.x, norms}, &in)

		a := argsOf(0, []any{frequencies, p.inputs, 1, columns, p.outputs, 1, columns})
		for i, v := range [4]int{depth / t.depth, 1, padded, depth * padded / 4} {
			a.set(17+i, v) // chunks, splits, padded, weightStep
		}
		flops := 2 * frequencies * float64(p.inputs) * float64(p.outputs) * float64(columns)
		d.runCounted(flops, multiply, padded/t.rows*(frequencies*columns/t.columns), []view{products, inputs, weights}, &a)

		out := p.args
		out.add(first, tiles, columns, 0, m.shares)
		d.runArgs(d.storing("conv2dwinograd", k, p, m), groupsFor(p.outputs*columns), views.storing(p, m), &out)
	}
	d.left = m
}
