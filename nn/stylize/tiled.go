package stylize

import (
	"math"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
)

// minTile is the smallest side of a tile's core.
const minTile = 64

// tileMemory is what tiles take at most where the trunk is kept.
const tileMemory = 128 << 20

// tile is a part of the padded picture: core is what it contributes, area what it
// must see for that.
type tile struct{ core, area rect }

// tiling is a picture being processed in tiles.
type tiling struct {
	s      *Session
	src    *picture
	whole  rect
	tiles  []tile
	arch   *arch.Network
	layers []nn.Layer
	scales []int
	norms  []norm    // of the layers whose statistics are known
	trunk  []bool    // layers whose outputs are kept: those of the innermost scale, or none
	kept   []*plane  // these outputs, while they are needed
	spare  []*plane  // to be used again
	host   []float32 // of what is uploaded

	steps, done int // tiles of all passes
}

// norm is an instance normalization with known statistics, as two affine maps:
// the mean is taken off first, so that no cancellation spoils planes far from
// zero.
type norm struct{ one, minusMean, scale, shift *tensor.Tensor }

// runTiled stylizes src to dst tile by tile.
func (s *Session) runTiled(dst *picture, src picture, whole rect, b *blend) error {
	if dst.sameMemory(&src) {
		src = s.copyOf(&src)
	}
	t := s.newTiling(&src, whole)
	defer t.free()
	return t.run(func(p tile, out []float32) error {
		if err := checkFinite(out); err != nil {
			return err
		}
		b.write(dst, &src, out, p.area, p.core)
		return nil
	})
}

// run calls emit with the network's output for the area of each tile, which is
// valid for its core. Before, passes over all tiles gather the statistics of the
// convolutions' outputs, layer by layer.
func (t *tiling) run(emit func(p tile, out []float32) error) error {
	for i := range t.layers {
		if err := t.measure(i); err != nil {
			return err
		}
		if i+1 < len(t.layers) {
			t.forgetBefore(i)
		}
	}
	for _, p := range t.tiles {
		out := t.read(t.output(p.area))
		if err := t.step(); err != nil {
			return err
		}
		if err := emit(p, out); err != nil {
			return err
		}
	}
	return nil
}

// newTiling plans the tiles: as large as the budget allows beside what is kept.
func (s *Session) newTiling(src *picture, whole rect) *tiling {
	a := s.net.Arch()
	t := &tiling{s: s, src: src, whole: whole, arch: a, layers: s.net.Layers(), scales: a.Scales()}
	t.norms = make([]norm, len(t.layers))
	t.kept = make([]*plane, len(t.layers))
	t.trunk = make([]bool, len(t.layers))

	deepest := a.Multiple()
	budget := s.memory
	memory := 4 * int64(a.Live(deepest)) * int64(whole.w/deepest) * int64(whole.h/deepest)
	if memory <= s.memory*3/4 {
		// Larger tiles are no faster beside a kept trunk, whose halos are small.
		budget = min(budget-memory, tileMemory)
		for i := range len(t.layers) - 1 {
			t.trunk[i] = t.scales[i] == deepest
		}
	}
	halo := a.Halo(func(layer int) bool { return t.trunk[layer] })
	unit := s.bytes(rect{w: 64, h: 64})
	side := int(64*math.Sqrt(float64(budget)/float64(unit))) - 2*halo
	t.cut(max(side, minTile)/(4*deepest)*(4*deepest), halo)

	t.steps = len(t.tiles)
	for i := range t.layers {
		if t.trunk[i] {
			t.steps += len(t.tiles)
		}
		if t.trunk[i] || t.layers[i].Norm != "" {
			t.steps += len(t.tiles)
		}
	}
	s.reserve(t.tiles[0].area)
	return t
}

// cut divides the picture into cores of at most side pixels. All areas have the
// same size, so that all tiles run in the same memory.
func (t *tiling) cut(side, halo int) {
	w, h := min(t.whole.w, side+2*halo), min(t.whole.h, side+2*halo)
	for y := 0; y < t.whole.h; y += side {
		for x := 0; x < t.whole.w; x += side {
			t.tiles = append(t.tiles, tile{
				core: rect{x, y, min(side, t.whole.w-x), min(side, t.whole.h-y)},
				area: rect{max(0, min(x-halo, t.whole.w-w)), max(0, min(y-halo, t.whole.h-h)), w, h},
			})
		}
	}
}

// measure takes the statistics of layer i over all tiles. If its output is kept, the
// convolution's is stored on the way and then normalized.
func (t *tiling) measure(i int) error {
	l, scale := &t.layers[i], t.scales[i]
	var stats []moments
	if l.Norm != "" {
		stats = make([]moments, l.Out)
	}
	var store *plane
	if t.trunk[i] {
		store = t.newPlane(l.Out, scale)
	}
	if stats == nil && store == nil {
		return nil
	}
	for _, p := range t.tiles {
		raw := t.read(t.convolve(i, p.area))
		area, core := p.area.at(scale), p.core.at(scale)
		for c := range stats {
			stats[c].add(raw[c*area.w*area.h:], area, core)
		}
		if store != nil {
			store.write(raw, area, core)
		}
		if err := t.step(); err != nil {
			return err
		}
	}
	if stats != nil {
		t.norms[i] = newNorm(t.s, l, stats)
	}
	if store == nil {
		return nil
	}
	for _, p := range t.tiles {
		core := p.core.at(scale)
		outs := make([]*tensor.Tensor, i)
		for _, p := range l.Plus {
			if outs[p.Layer] == nil {
				outs[p.Layer] = t.upload(t.kept[p.Layer], core)
			}
		}
		y := t.finish(i, t.upload(store, core), outs)
		t.drop(outs...)
		store.write(t.read(y), core, core)
		y.Free() // if it is the upload itself
		if err := t.step(); err != nil {
			return err
		}
	}
	t.kept[i] = store
	return nil
}

// step counts a tile.
func (t *tiling) step() error {
	if err := t.s.be.Sync(); err != nil {
		return err
	}
	t.done++
	if t.s.Progress == nil {
		return nil
	}
	return t.s.Progress(float64(t.done) / float64(t.steps))
}

// forgetBefore gives up what no layer after i needs.
func (t *tiling) forgetBefore(i int) {
	for j, p := range t.kept[:i] {
		if p != nil && !t.usedAfter(j, i) {
			t.spare = append(t.spare, p)
			t.kept[j] = nil
		}
	}
}

// usedAfter reports whether layers after i read the kept output of layer j.
func (t *tiling) usedAfter(j, i int) bool {
	for k := i + 1; k < len(t.layers); k++ {
		if t.uses(k, true)[j] > 0 {
			return true
		}
	}
	return false
}

func (t *tiling) free() {
	t.s.tp.Reset()
	for _, n := range t.norms {
		n.free()
	}
}

// at returns r at a scale of 1/scale.
func (r rect) at(scale int) rect { return rect{r.x / scale, r.y / scale, r.w / scale, r.h / scale} }
