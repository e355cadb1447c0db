package stylize

import (
	"math"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/tensor"
)

// minTile is the smallest side of a tile's core.
const minTile = 64

// tile is a part of the padded picture: core is what it contributes, area what it
// must see for that.
type tile struct{ core, area rect }

// tiling is a picture being processed in tiles.
type tiling struct {
	s      *Session
	src    *picture
	whole  rect
	tiles  []tile
	layers []layer
	norms  []norm   // of the layers whose statistics are known
	kept   []*plane // of the trunk's layers, nil where they are computed anew
	spare  []*plane // to be used again
	keep   bool
	host   []float32 // of what is uploaded

	steps, done int // tiles of all passes
}

// norm is an instance normalisation with known statistics, as two affine maps:
// the mean is taken off first, so that no cancellation spoils planes far from
// zero.
type norm struct{ one, minusMean, scale, shift *tensor.Tensor }

// runTiled stylises src to dst tile by tile.
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
// valid for its core. Before, one pass over all tiles for every layer but the last
// gathers the statistics of its convolution's output.
func (t *tiling) run(emit func(p tile, out []float32) error) error {
	last := len(t.layers) - 1
	for i := range last {
		if err := t.measure(i); err != nil {
			return err
		}
		t.forgetBefore(i)
	}
	for _, p := range t.tiles {
		out := t.read(t.convolve(last, p.area))
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
	t := &tiling{s: s, src: src, whole: whole, layers: layersOf(s.net)}
	t.norms = make([]norm, len(t.layers))
	t.kept = make([]*plane, len(t.layers))

	// At most four of the trunk's activations are alive: c3, a block's input and
	// output, and what is between.
	f := s.net.Filters()
	trunk := int64(4) * 4 * int64(f[2]) * int64(whole.w/4) * int64(whole.h/4)
	budget, halo := s.memory, nn.Halo(len(s.net.ResNets))
	if trunk <= s.memory*3/4 {
		t.keep = true
		budget -= trunk
		halo = nn.FitSize(encoderHalo)
	}
	unit := s.bytes(rect{w: 64, h: 64})
	side := int(64*math.Sqrt(float64(budget)/float64(unit))) - 2*halo
	t.cut(max(side&^15, minTile), halo)

	passes := len(t.layers)
	for _, l := range t.layers {
		if t.keep && l.trunk {
			passes++
		}
	}
	t.steps = passes * len(t.tiles)
	s.reserve(t.tiles[0].area)
	return t
}

// encoderHalo is what nn.Halo says without residual blocks.
const encoderHalo = 14

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

// measure takes the statistics of layer i over all tiles. If its activation is
// kept, the convolution's output is stored on the way and then normalised.
func (t *tiling) measure(i int) error {
	l := &t.layers[i]
	channels := l.norm.Weight.Len()
	stats := make([]moments, channels)
	var store *plane
	if t.keep && l.trunk {
		store = t.newPlane(channels, l.scale)
	}
	for _, p := range t.tiles {
		raw := t.read(t.convolve(i, p.area))
		area, core := p.area.at(l.scale), p.core.at(l.scale)
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
	t.norms[i] = newNorm(t.s, l.norm, stats)
	if store == nil {
		return nil
	}
	for _, p := range t.tiles {
		core := p.core.at(l.scale)
		outs := make([]*tensor.Tensor, i)
		for _, p := range l.plus {
			if outs[p.layer] == nil {
				outs[p.layer] = t.upload(t.kept[p.layer], core)
			}
		}
		raw := t.upload(store, core)
		y := t.normalize(i, raw, outs)
		t.drop(append(outs, raw)...)
		store.write(t.read(y), core, core)
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

// usedAfter reports whether layers after i read the kept activation j < i.
func (t *tiling) usedAfter(j, i int) bool {
	if !t.layers[j+1].trunk {
		return true // read anew for every layer of the decoder
	}
	for _, l := range t.layers[i+1:] {
		for _, p := range l.plus {
			if p.layer == j {
				return true
			}
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
