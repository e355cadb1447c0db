//go:build gl && cgo && (linux || windows)

package gpu

import "fmt"

// tile is a size of conv2dtile.comp: what a group computes, and what each of its
// threads does of that.
type tile struct{ rows, columns, threadRows, threadColumns, depth int }

func (t tile) threads() int { return t.rows * t.columns / (t.threadRows * t.threadColumns) }

// memory is the shared memory of a group in bytes.
func (t tile) memory() int { return 2 * t.depth * 16 * (t.rows/4 + 1 + t.columns/4 + 1) }

func (t tile) String() string { return fmt.Sprintf("%dx%d", t.rows, t.columns) }

// tiles are the sizes to choose from. Threads load whole rows of chunks: the number of
// threads is a multiple of a quarter of the columns and divides the quads of a chunk.
var tiles = []tile{
	{8, 256, 4, 8, 8},
	{16, 128, 4, 8, 16},
	{32, 128, 4, 8, 16},
	{64, 64, 8, 4, 16},
	{64, 128, 8, 8, 16},
	{128, 64, 8, 8, 16},
}

// tileForm is a variant of conv2dtile.comp.
type tileForm struct {
	tile
	rows, columns, stride, upsample int
	inputs                          int // where they do not fill chunks, otherwise 0
	phases                          int
	outside                         padding
	long, split, aligned            bool
	moments, gated, half            bool
	loads                           loads
}

func (f tileForm) String() string {
	s := fmt.Sprintf("THREADS=%d ROWS=%d COLUMNS=%d THREAD_ROWS=%d THREAD_COLUMNS=%d DEPTH=%d KH=%d KW=%d STRIDE=%d UP=%d%v",
		f.threads(), f.tile.rows, f.tile.columns, f.threadRows, f.threadColumns, f.depth, f.rows, f.columns, f.stride, f.upsample, f.outside)
	if f.inputs > 0 {
		s += fmt.Sprintf(" INPUTS=%d", f.inputs)
	}
	if f.phases > 1 {
		s += fmt.Sprintf(" PHASES=%d", f.phases)
	}
	for i, on := range [6]bool{f.long, f.split, f.aligned, f.moments, f.gated, f.half} {
		if on {
			s += [6]string{" LONG", " SPLIT", " ALIGNED", " MOMENTS", " GATED", " HALF_RESULT=6"}[i]
		}
	}
	return s + f.loads.String()
}

// convTiled runs conv2dtile.comp, and conv2dsum.comp where groups share sums because
// there are too few tiles for a card.
func (d *Device) convTiled(c convolution, p product, t tile) {
	k := c.kernel
	depth := p.inputs * k.rows * k.columns
	chunks := (depth + t.depth - 1) / t.depth
	padded := k.phases() * ((p.outputs + t.rows - 1) / t.rows * t.rows)
	packed, lent := d.pack(k, p, channelsInner, padded, chunks*t.depth)
	defer d.recycle(lent)

	groups := padded / t.rows * ((4*p.quads() + t.columns - 1) / t.columns)
	splits := d.splits(groups, chunks, 4*padded*p.quads())
	share := t.columns / 4
	if splits > 1 {
		share = groupSize
	}
	m := d.roomForMoments(c, p, p.quads(), share)
	f := tileForm{
		tile: t, rows: k.rows, columns: k.columns, stride: c.stride, upsample: c.upsample, outside: c.outside,
		phases: k.phases(), long: depth/splits > 256, split: splits > 1,
		moments: splits == 1 && m.of != nil, gated: splits == 1 && p.gated,
		half: splits == 1 && p.half(), loads: p.loads(4),
	}
	if p.inputs%t.depth != 0 {
		f.inputs = p.inputs
	}
	a := p.args
	a.add(chunks, splits, padded, 0)
	views := p.views(packed)
	if splits == 1 {
		a.add(m.shares)
		d.runCounted(p.flops(k), variant{shader: "conv2dtile", defines: defines(d, f)}, groups, views.storing(p, m), &a)
	} else {
		parts := d.scratch(splits * 4 * padded * p.quads())
		defer d.recycle(parts.storage)
		views[5] = parts
		d.runCounted(p.flops(k), variant{shader: "conv2dtile", defines: defines(d, f)}, groups*splits, views[:6], &a)
		a = p.args
		a.add(splits, padded, 0, 0, m.shares)
		views[1], views[2] = parts, parts.part(0, 1)
		d.runArgs(d.storing("conv2dsum", k, p, m), k.phases()*p.outputs*groupsFor(p.quads()), views.storing(p, m), &a)
	}
	d.left = m
}

// splits is into how many parts a product of so many groups and chunks is cut, each
// with as many floats of results: enough to fill a card, of 8 chunks at least.
func (d *Device) splits(groups, chunks, results int) int {
	return max(1, min(d.kernels.groups/max(groups, 1), chunks/8, d.atOnce(results)))
}
