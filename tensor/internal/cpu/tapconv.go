package cpu

import (
	"math"

	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// tap is one product of a direct convolution: input channel ch, shifted by
// (row, col), times the weights of all output channels, which lie step apart
// from w on.
type tap struct{ ch, row, col, w int }

// phase is a direct convolution that produces every scale-th row and column of
// the output, from (y, x) on. Upsampling, and the gradient of a stride, are
// several phases with a kernel each.
type phase struct {
	y, x    int
	taps    []tap
	offs    []int32
	weights []float32 // packed by groups of output channels
}

// tapConv is a direct convolution: for every output channel o, row and column
//
//	dst[o][y*scale+phase.y][x*scale+phase.x] =
//	    bias[o] + Σ_taps w[tap.w + o*step] * view[tap.ch][y*stride+tap.row][x*stride+tap.col]
//
// It serves whatever Winograd does not.
type tapConv struct {
	view
	scratch []scratch
	dst     *buffer
	bias    []float32
	stride  int
	scale   int
	phases  []phase
	halo    int // rows of the view beyond the first that an output row needs
	rows    int // of a phase, per part
	relu    bool
	add     bool
	stats   bool // leave the statistics of the output with it
	streams bool // the output is blocked and past the caches

	allPhases [16]phase // backing of phases, reused
	room      scratch   // for weights that are not kept
}

// maxScale is the largest scale: phases of a stride 4 fill allPhases.
const maxScale = 4

// groupSize returns the channels of the next group when n are left: the sizes
// that tap kernels exist for, in the combination with the fewest wasted registers.
func groupSize(n int) int {
	switch {
	case n >= 8:
		return 8
	case n == 7 || n == 5 || n == 4:
		return 4
	case n == 6 || n == 3:
		return 3
	}
	return 1
}

// reset prepares t for n phases.
func (t *tapConv) reset(n int) {
	t.phases = t.allPhases[:n]
	for i := range t.phases {
		t.phases[i].taps = t.phases[i].taps[:0]
	}
}

// place sets the padding of the view so that all taps fall into it, given the
// output's size, and turns the taps into offsets.
func (t *tapConv) place(x, mask *buffer, up int, outside padding) {
	top, left, bottom, right := math.MaxInt, math.MaxInt, math.MinInt, math.MinInt
	for _, p := range t.phases {
		for _, k := range p.taps {
			top, bottom = min(top, k.row), max(bottom, k.row)
			left, right = min(left, k.col), max(right, k.col)
		}
	}
	columns := (t.dst.shape[3] + t.scale - 1) / t.scale
	t.view = newView(x, mask, up, -top, -left, outside, t.stride, (columns-1)*t.stride+right-left+1)
	t.halo = bottom - top
	t.rows = t.rowsPerPart()
	plane := t.planeRows() * t.rowLen
	for i := range t.phases {
		p := &t.phases[i]
		p.offs = p.offs[:0]
		for _, k := range p.taps {
			c := k.col - left
			p.offs = append(p.offs, int32(k.ch*plane+(k.row-top)*t.rowLen+c%t.stride*t.part+c/t.stride))
		}
	}
}

// rowsPerPart returns how many rows are a part: as many as give 2 to 16 cores the
// least to do in all, where each takes the next part when it is done with one. Parts
// of few rows gather more of them twice, large ones leave cores without work.
func (t *tapConv) rowsPerPart() int {
	const most = 512 << 10 // floats that a part gathers
	const gather = 16      // multiply-adds that gathering a float takes
	all, c := t.phaseRows(), t.x.shape[1]
	row := 0 // multiply-adds per column
	for _, p := range t.phases {
		row += len(p.taps) * t.dst.shape[1]
	}
	best, least := 1, math.MaxInt
	for rows := 1; rows <= min(all, max(8, 3*t.halo)); rows++ {
		in := c * ((rows-1)*t.stride + t.halo + 1) * t.stride
		if rows > 1 && in/t.stride*t.rowLen > most {
			break
		}
		parts, sum := t.dst.shape[0]*((all+rows-1)/rows), 0
		for cores := 2; cores <= 16; cores *= 2 {
			sum += (parts + cores - 1) / cores * cores * (rows*row + in*gather)
		}
		if sum <= least {
			best, least = rows, sum
		}
	}
	return best
}

// phaseRows is the number of output rows of the fullest phase.
func (t *tapConv) phaseRows() int { return (t.dst.shape[2] + t.scale - 1) / t.scale }

// planeRows is the number of view rows that a part gathers.
func (t *tapConv) planeRows() int { return (t.rows-1)*t.stride + t.halo + 1 }

// parts is the number of parts of one image.
func (t *tapConv) parts() int { return (t.phaseRows() + t.rows - 1) / t.rows }

func (t *tapConv) do(i, worker int) { t.rowsOf(i, &t.scratch[worker]) }

// rowsOf computes the output rows of part i.
func (t *tapConv) rowsOf(i int, s *scratch) {
	n, y0 := i/t.parts(), i%t.parts()*t.rows
	k, oh, ow := t.dst.shape[1], t.dst.shape[2], t.dst.shape[3]
	rows := min(t.rows, t.phaseRows()-y0)
	local := s.floats(slotLocal, t.x.shape[1]*t.planeRows()*t.rowLen)
	t.gather(local, t.planeRows(), n, y0*t.stride, (rows-1)*t.stride+t.halo+1, s)
	local = local[:cap(local)]

	direct := t.scale == 1 && t.plain()
	// A finished output row of all channels, and room for one group's phases or
	// a block of channels.
	out := s.floats(slotRows, k*ow+f32.Lanes*(ow+t.scale))
	for r := range rows {
		src := local[r*t.stride*t.rowLen:]
		for py := range t.scale {
			y := (y0+r)*t.scale + py
			if y >= oh {
				break
			}
			if direct {
				t.phases[0].row(t.dst.data[(n*k*oh+y)*ow:], oh*ow, src, t.bias, k, ow)
				continue
			}
			if t.plain() {
				t.scaledRow(t.dst.data[(n*k*oh+y)*ow:], oh*ow, out, py, src)
				continue
			}
			t.scaledRow(out, ow, out[k*ow:], py, src)
			t.emit(out[:k*ow], out[k*ow:], n, y)
		}
	}
	t.leaveStatistics(n, i%t.parts(), y0*t.scale, min((y0+rows)*t.scale, oh))
}

// leaveStatistics leaves those of rows from:to, a part of image n, if they are wanted.
func (t *tapConv) leaveStatistics(n, part, from, to int) {
	if !t.stats {
		return
	}
	k, oh, ow := t.dst.shape[1], t.dst.shape[2], t.dst.shape[3]
	for plane := n * k; plane < (n+1)*k; plane++ {
		statistics(t.dst.stats.of(plane, part), t.dst.data[plane*oh*ow:][from*ow:to*ow], 1)
	}
}

// plain reports whether rows can be computed where they belong.
func (t *tapConv) plain() bool { return !t.relu && !t.add && !t.dst.blocked }

// row computes n pixels of k output channels, ds apart.
func (p *phase) row(dst []float32, ds int, src, bias []float32, k, n int) {
	for first := 0; first < k; {
		g := groupSize(k - first)
		var b []float32
		if bias != nil {
			b = bias[first:]
		}
		f32.Taps(dst[first*ds:], ds, src, p.offs, p.weights[first*len(p.offs):], g, b, n)
		first += g
	}
}

// scaledRow computes a row from its phases into out, its channels ds apart. parts
// is scratch for the phases of a group of channels.
func (t *tapConv) scaledRow(out []float32, ds int, parts []float32, py int, src []float32) {
	k, ow := t.dst.shape[1], t.dst.shape[3]
	phases := t.phases[py*t.scale:][:t.scale]
	if t.scale == 1 {
		phases[0].row(out, ds, src, t.bias, k, ow)
		return
	}
	half := (ow + t.scale - 1) / t.scale
	for first := 0; first < k; {
		g := groupSize(k - first)
		for px := range phases {
			p := &phases[px]
			var bias []float32
			if t.bias != nil {
				bias = t.bias[first:]
			}
			at := first * len(p.offs)
			f32.Taps(parts[px*g*half:], half, src, p.offs, p.weights[at:], g, bias, (ow-p.x+t.scale-1)/t.scale)
		}
		for o := range g {
			row := out[(first+o)*ds:][:ow]
			if t.scale == 2 && ow%2 == 0 {
				f32.Interleave2(row, parts[o*half:][:half], parts[(g+o)*half:][:half])
				continue
			}
			for x := range row {
				row[x] = parts[(x%t.scale*g+o)*half+x/t.scale]
			}
		}
		first += g
	}
}

// emit finishes row y of image n, given channel by channel in out.
func (t *tapConv) emit(out, spare []float32, n, y int) {
	k, oh, ow := t.dst.shape[1], t.dst.shape[2], t.dst.shape[3]
	if t.relu {
		f32.ReLU(out, out)
	}
	if !t.dst.blocked {
		for o := range k {
			dst := t.dst.data[((n*k+o)*oh+y)*ow:][:ow]
			if t.add {
				f32.Add(dst, dst, out[o*ow:][:ow])
			} else {
				copy(dst, out[o*ow:])
			}
		}
		return
	}
	for o := 0; o < k; o += f32.Lanes {
		dst := t.dst.data[((n*k+o)*oh+y*f32.Lanes)*ow:][:ow*f32.Lanes]
		built := dst
		if t.add || t.streams {
			built = spare[:len(dst)]
		}
		f32.ToBlocked(built, out[o*ow:], ow, ow, f32.Lanes)
		if t.add {
			f32.Add(dst, dst, built)
		} else if t.streams {
			f32.Stream(dst, built)
		}
	}
	if t.streams {
		f32.Streamed()
	}
}
