package cpu

import (
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// winogradConv runs a 3x3 convolution with stride 1 between blocked tensors.
// A part transforms a run of input tiles; then, for each block of 32 output
// channels, it multiplies them with the transformed weights, frequency by
// frequency, and transforms the products back. Between the stages the tiles stay
// in the core's own cache.
type winogradConv struct {
	outlet
	tiling
	dst     *buffer
	weights winogradWeights
	bias    []float32 // may be nil
	mode    f32.Mode

	tiles  int // of the batch
	groups int // per run; only the first large runs have more than one, if stages are fused
	large  int
	runs   int // per part
	c, k   int

	stage  stage
	v      []float32 // of all tiles, unless the stages are fused
	fs     int       // distance of frequencies in v
	blocks int       // of input channels that a part of the input stage transforms
}

// tiling is how a convolution sees the images of a tensor: cut into tiles.
type tiling struct {
	x, mask      *buffer // mask may be nil
	pad          int
	outside      padding
	across, down int // tiles of an image
	group        int // tiles that a matrix product takes at once
}

// stage says what the parts of a convolution do.
type stage int

const (
	fusedStages  stage = iota // everything, for a run of tiles
	inputStage                // transform a group of input tiles
	productStage              // the rest, for a run of tiles and a block of channels
)

// cacheFloats is the room that the transformed tiles of a part should take: half
// of a second-level cache of 1 MB.
const cacheFloats = 128 << 10

// splitGroups is how many groups of tiles, at most, are a run when stages are
// separate.
const splitGroups = 6

// winograd sets dst to the convolution of x, which mask may mask, as mode says.
func (b *Backend) winograd(dst, x, mask *buffer, w winogradWeights, bias []float32, pad int, outside padding, mode f32.Mode) {
	t := own[winogradConv](b)
	*t = winogradConv{
		outlet: outlet{scratch: b.scratch, streams: b.streams(dst.data, mode == f32.Accumulate)},
		tiling: tiling{
			x: x, mask: mask, pad: pad, outside: outside, group: f32.Rows(),
			down: (dst.shape[2] + tileOut - 1) / tileOut, across: (dst.shape[3] + tileOut - 1) / tileOut,
		},
		dst: dst, weights: w, bias: bias, mode: mode, c: x.shape[1], k: dst.shape[1],
	}
	t.tiles = dst.shape[0] * t.down * t.across
	all := (t.tiles + t.group - 1) / t.group
	t.groups = max(1, cacheFloats/(frequencies*t.group*t.c))
	// Many cores want many parts. Layers with few tiles, whose weights also are the
	// largest, are cut by output channels as well, after a first pass has
	// transformed all tiles.
	const wanted = 32
	t.groups, t.runs = max(min(t.groups, all/wanted), 1), 1
	if all >= wanted && w.u != nil {
		t.large = (all - min(all/2, lastRuns*(t.groups-1))) / t.groups
		b.run(t.large+all-t.large*t.groups, t)
		return
	}
	t.stage = inputStage
	t.groups, t.fs = 1, apart(all*t.group*t.c)
	t.v = b.shared.floats(slotRows, frequencies*t.fs)
	blocks := t.c / f32.Lanes
	t.blocks = max(1, all*blocks/(2*wanted))
	b.run(all*((blocks+t.blocks-1)/t.blocks), t)
	t.stage = productStage
	runs := (all + splitGroups - 1) / splitGroups
	t.groups = (all + runs - 1) / runs
	t.large = runs
	// Parts that transform weights should do it for many tiles.
	t.runs = max(1, runs*t.outBlocks()/wanted)
	b.run((runs+t.runs-1)/t.runs*t.outBlocks(), t)
}

// lastRuns is for how many cores there are runs of one group for each group of the
// large ones, so that no core waits long for another that came last to a large run.
const lastRuns = 16

// outBlocks is the number of blocks of output channels.
func (t *winogradConv) outBlocks() int { return (t.k + outBlock - 1) / outBlock }

func (t *winogradConv) do(i, worker int) {
	s := &t.scratch[worker]
	switch t.stage {
	case inputStage:
		blocks := t.c / f32.Lanes
		chunks := (blocks + t.blocks - 1) / t.blocks
		tile, n, _ := t.run(i / chunks)
		from := i % chunks * t.blocks
		v := t.v[tile*t.c+panel(0, from, t.group, t.c):]
		t.transform(tileIn, v, t.fs, tile, n, from, min(from+t.blocks, blocks), s)
	case productStage:
		t.products(i/t.outBlocks(), i%t.outBlocks()*outBlock, s)
	default:
		t.fused(i, s)
	}
}

// fused does everything for run i.
func (t *winogradConv) fused(i int, s *scratch) {
	tile, n, groups := t.run(i)
	fs := apart(groups * t.group * t.c)
	v := s.floats(slotLocal, frequencies*fs)
	t.transform(tileIn, v, fs, tile, n, 0, t.c/f32.Lanes, s)
	for k := 0; k < t.k; k += outBlock {
		u, us := t.weights.block(k, min(outBlock, t.k-k), s)
		t.multiply(v, fs, u, us, k, tile, n, s)
	}
	t.end()
}

// run returns the first tile of run i, how many it has and their groups.
func (t *winogradConv) run(i int) (tile, n, groups int) {
	first, groups := i*t.groups, t.groups
	if i >= t.large {
		first, groups = t.large*t.groups+i-t.large, 1
	}
	tile = first * t.group
	n = min(groups*t.group, t.tiles-tile)
	return tile, n, (n + t.group - 1) / t.group
}

// products does the rest for part i of the runs and the output channels of a block
// from k on.
func (t *winogradConv) products(i, k int, s *scratch) {
	u, us := t.weights.block(k, min(outBlock, t.k-k), s)
	for run := i * t.runs; run < (i+1)*t.runs; run++ {
		tile, n, _ := t.run(run)
		if n <= 0 {
			break
		}
		t.multiply(t.v[tile*t.c:], t.fs, u, us, k, tile, n, s)
	}
	t.end()
}

// panel returns where tile q of a part lies in its transformed tiles, which are
// [frequency][group][C/16][tile of the group][16], for block cb of channels.
func panel(q, cb, group, c int) int {
	return q/group*group*c + (cb*group+q%group)*f32.Lanes
}

// transform takes n tiles, size pixels square, from first on to the frequency domain,
// and of their blocks of channels those from:to. The size is 6 for inputs, 4 for the
// gradients of outputs.
func (t *tiling) transform(size int, v []float32, fs, first, n, from, to int, s *scratch) {
	h, w, blocks := t.x.shape[2], t.x.shape[3], t.x.shape[1]/f32.Lanes
	rs := w * f32.Lanes
	tile := s.floats(slotTile, 2*tileIn*tileIn*f32.Lanes)
	for q := 0; q < n; {
		at := first + q
		image, ty, tx := at/(t.down*t.across), at/t.across%t.down, at%t.across
		y, left := ty*tileOut-t.pad, tx*tileOut-t.pad
		// A run of tiles in one row of the image and one group.
		run := min(n-q, t.across-tx, t.group-q%t.group)
		inside := 0
		if y >= 0 && left >= 0 && y+size <= h {
			inside = max(0, min(run, (w-left-size)/tileOut+1))
			if left+size > w {
				inside = 0
			}
		}
		for cb := from; cb < to; cb++ {
			plane := (image*blocks + cb) * h * rs
			dst := v[panel(q, cb-from, t.group, (to-from)*f32.Lanes):]
			if inside > 0 {
				t.whole(size, dst, fs, plane+y*rs+left*f32.Lanes, rs, inside)
				continue
			}
			t.gather(tile, size, plane, y, left)
			transformTile(size, dst, fs, tile)
		}
		q += max(inside, 1)
	}
}

// whole transforms n tiles that lie inside the image, rows of which are rs apart.
func (t *tiling) whole(size int, v []float32, fs, from, rs, n int) {
	x := t.x.data[from:]
	switch {
	case size == tileIn && t.mask == nil:
		f32.WinogradInput(v, fs, x, rs, n)
	case size == tileIn:
		f32.WinogradInputMasked(v, fs, x, t.mask.data[from:], rs, n)
	case t.mask == nil:
		f32.WinogradGradOutput(v, fs, x, rs, n)
	default:
		f32.WinogradGradOutputMasked(v, fs, x, t.mask.data[from:], rs, n)
	}
}

// transformTile takes one gathered tile.
func transformTile(size int, v []float32, fs int, tile []float32) {
	if size == tileIn {
		f32.WinogradInput(v, fs, tile, size*f32.Lanes, 1)
	} else {
		f32.WinogradGradOutput(v, fs, tile, size*f32.Lanes, 1)
	}
}

// gather copies a tile that reaches over the edge of the image.
func (t *tiling) gather(tile []float32, size, plane, y, left int) {
	h, w := t.x.shape[2], t.x.shape[3]
	first, end := max(0, -left), max(0, min(size, w-left)) // columns inside the image
	for i := range size {
		row := tile[i*size*f32.Lanes:][:size*f32.Lanes]
		sy := t.outside.source(y+i, h)
		if sy < 0 {
			clear(row)
			continue
		}
		for j := 0; j < size; j++ {
			n := 1
			if j == first && end > first {
				n = end - first
			}
			to := row[j*f32.Lanes:][:n*f32.Lanes]
			if sx := t.outside.source(left+j, w); sx < 0 {
				clear(to)
			} else {
				t.copyMasked(to, plane+(sy*w+sx)*f32.Lanes)
			}
			j += n - 1
		}
	}
}

// copyMasked copies what x holds from at on where mask, if there is one, is above
// 0, and clears the rest.
func (t *tiling) copyMasked(to []float32, at int) {
	if t.mask == nil {
		copy(to, t.x.data[at:])
	} else {
		f32.ReLUGrad(to, t.x.data[at:], t.mask.data[at:], false)
	}
}

// multiply computes the output channels of a block from k on of n tiles from first
// on, with the transformed weights u: the products of all frequencies go to m
// [tile][cols/16][frequency][16], and from there to the output.
func (t *winogradConv) multiply(v []float32, fs int, u []float32, us, k, first, n int, s *scratch) {
	cols, groups := min(outBlock, t.k-k), (n+t.group-1)/t.group
	m := s.floats(slotRows, frequencies*groups*t.group*outBlock)
	offs := s.offsets(t.c / f32.Lanes)
	for i := range offs {
		offs[i] = int32(i * t.group * f32.Lanes)
	}
	for f := range frequencies {
		for g := range groups {
			f32.Gemm(m[g*t.group*cols*frequencies+f*f32.Lanes:], cols*frequencies, frequencies*f32.Lanes,
				v[f*fs+g*t.group*t.c:], f32.Lanes, offs, u[f*us:][:t.c*cols], cols)
		}
	}
	t.output(m, k, cols, first, n, s)
}

// output transforms n tiles back, from first on, for cols channels from k on.
func (t *winogradConv) output(m []float32, k, cols, first, n int, s *scratch) {
	h, w, blocks := t.dst.shape[2], t.dst.shape[3], cols/f32.Lanes
	rs := w * f32.Lanes
	tile := s.floats(slotTile, tileOut*tileOut*f32.Lanes)
	for q := 0; q < n; {
		at := first + q
		image, ty, tx := at/(t.down*t.across), at/t.across%t.down, at%t.across
		y, left := ty*tileOut, tx*tileOut
		whole := 0
		if y+tileOut <= h {
			whole = min(n-q, w/tileOut-tx)
		}
		for kb := range blocks {
			var bias []float32
			if t.bias != nil {
				bias = t.bias[k+kb*f32.Lanes:]
			}
			from := m[(q*blocks+kb)*frequencies*f32.Lanes:]
			dst := t.dst.data[((image*t.k+k)/f32.Lanes+kb)*h*rs+y*rs+left*f32.Lanes:]
			if whole > 0 {
				t.store(dst, rs, from, cols*frequencies, whole, bias, s)
				continue
			}
			t.partial(dst, tile, from, bias, min(tileOut, h-y), min(tileOut, w-left), rs)
		}
		q += max(whole, 1)
	}
}

// store stores n tiles that are inside the image.
func (t *winogradConv) store(dst []float32, rs int, m []float32, ms, n int, bias []float32, s *scratch) {
	if !t.streams {
		f32.WinogradOutput(dst, rs, m, ms, n, bias, t.mode)
		return
	}
	row := n * tileOut * f32.Lanes
	built := s.floats(slotStage, tileOut*row)
	f32.WinogradOutput(built, row, m, ms, n, bias, t.mode)
	for i := range tileOut {
		f32.Stream(dst[i*rs:][:row], built[i*row:])
	}
}

// partial stores the part of a tile that the image has.
func (t *winogradConv) partial(dst, tile, m, bias []float32, rows, cols, rs int) {
	mode := t.mode
	if mode == f32.Accumulate {
		mode = f32.Store
	}
	f32.WinogradOutput(tile, tileOut*f32.Lanes, m, 0, 1, bias, mode)
	for i := range rows {
		to, from := dst[i*rs:][:cols*f32.Lanes], tile[i*tileOut*f32.Lanes:][:cols*f32.Lanes]
		if t.mode == f32.Accumulate {
			f32.Add(to, to, from)
		} else {
			copy(to, from)
		}
	}
}
