package arch

import "fmt"

// Scales returns, for each layer, how many pixels of the picture, along a side,
// one of its output stands for.
func (n *Network) Scales() []int {
	scales := make([]int, len(n.Layers))
	scale := 1
	for i := range n.Layers {
		scale = scale * n.Layers[i].Stride / n.Layers[i].Upsample
		scales[i] = scale
	}
	return scales
}

// Multiple returns what the width and height of a picture must be divisible by, so
// that all that is halved comes out whole: 4 for two strides of 2.
func (n *Network) Multiple() int {
	deepest := 1
	for scale, i := 1, 0; i < len(n.Layers); i++ {
		scale = scale * n.Layers[i].Stride / n.Layers[i].Upsample
		deepest = max(deepest, scale)
	}
	return deepest
}

// MinSize returns the smallest width and height of a picture: every convolution's
// input must be larger than its padding, which mirrors it.
func (n *Network) MinSize() int {
	least := 1
	for scale, i := 1, 0; i < len(n.Layers); i++ {
		l := &n.Layers[i]
		least = max(least, scale*(l.Padding()/l.Upsample+1))
		scale = scale * l.Stride / l.Upsample
	}
	return roundUp(least, n.Multiple())
}

// CheckSize returns an error if the network cannot process pictures of the given
// width and height in pixels.
func (n *Network) CheckSize(width, height int) error {
	m, least := n.Multiple(), n.MinSize()
	if width < least || height < least || width%m != 0 || height%m != 0 {
		return fmt.Errorf("the network needs a width and height that are multiples of %d and at least %d, not %dx%d", m, least, width, height)
	}
	return nil
}

// FitSize returns the smallest width or height that the network accepts and that
// holds size pixels.
func (n *Network) FitSize(size int) int { return roundUp(max(size, n.MinSize()), n.Multiple()) }

func roundUp(v, multiple int) int { return (v + multiple - 1) / multiple * multiple }

// Halo returns how many pixels beyond its edges a tile of a picture needs so that
// the convolutions see all that they would see in the whole picture, rounded up to
// a Multiple. It holds for tiles whose edges are multiples of Multiple. Layers that
// kept accepts are known for the whole picture and need not be computed; it may be
// nil. The normalizations need the whole picture's statistics besides.
func (n *Network) Halo(kept func(layer int) bool) int {
	reach := 0
	for i := range n.Layers {
		reach = max(reach, n.reach(i, kept))
	}
	return roundUp(reach, n.Multiple())
}

// reach is how many pixels beyond a tile layer target depends on. It follows the
// pixels that those of a tile depend on, along one axis, back through the layers.
func (n *Network) reach(target int, kept func(layer int) bool) (most int) {
	type span struct {
		lo, hi int // first and last pixel at the layer's scale; the tile begins at 0
		needed bool
	}
	tile, scales := n.Multiple(), n.Scales()
	spans := make([]span, len(n.Layers))
	need := func(layer, lo, hi int) {
		scale := 1
		if layer >= 0 {
			scale = scales[layer]
			s := &spans[layer]
			if s.needed {
				lo, hi = min(lo, s.lo), max(hi, s.hi)
			}
			*s = span{lo, hi, true}
		}
		if layer < 0 || kept != nil && kept(layer) {
			most = max(most, -lo*scale, (hi+1)*scale-tile)
		}
	}
	spans[target] = span{0, tile/scales[target] - 1, true}
	for i := target; i >= 0; i-- {
		s, l := spans[i], &n.Layers[i]
		if !s.needed || i < target && kept != nil && kept(i) {
			continue
		}
		p := l.Padding()
		need(i-1, floorDiv(s.lo*l.Stride-p, l.Upsample), floorDiv(s.hi*l.Stride+p, l.Upsample))
		for _, t := range l.Plus {
			need(t.Layer, s.lo, s.hi)
		}
	}
	return most
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// MACs returns the multiplications, each with an addition, that layer i's
// convolution takes for a picture of width x height pixels, computed directly.
func (n *Network) MACs(i, width, height int) int64 {
	l, scale := &n.Layers[i], n.Scales()[i]
	return int64(l.Out) * int64(l.In*l.Taps()*l.Taps()) * int64(width/scale) * int64(height/scale)
}

// LivePerPixel returns how many values of all scales' outputs are in memory at once,
// at most, for each pixel of the picture; see Live. Memory that was used for one
// scale is not used for another.
func (n *Network) LivePerPixel() (values float64) {
	seen := map[int]bool{}
	for _, s := range n.Scales() {
		if !seen[s] {
			values += float64(n.Live(s)) / float64(s*s)
		}
		seen[s] = true
	}
	return values
}

// Live returns how many channels of outputs of the given scale are in memory at
// once, at most, when the network runs without gradients.
func (n *Network) Live(scale int) (most int) {
	scales, last := n.Scales(), n.LastUse()
	for i := range n.Layers {
		l, channels := &n.Layers[i], 0
		for j := range i {
			if last[j] >= i && scales[j] == scale {
				channels += n.Layers[j].Out
			}
		}
		if scales[i] == scale {
			channels += l.Out
		}
		most = max(most, channels)
		if sums := len(l.Plus) > 1 || l.Norm == "" && len(l.Plus) > 0; sums && scales[i] == scale {
			// A sum is made beside what it adds up, after the convolution.
			channels += l.Out
			if i > 0 && n.Spent(i) && scales[i-1] == scale {
				channels -= l.In
			}
			most = max(most, channels)
		}
	}
	return most
}
