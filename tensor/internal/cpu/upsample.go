package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// upsampleTask repeats, or sums the gradient over the copies of, a few rows of the
// small image per part.
type upsampleTask struct {
	outlet
	dst, src           []float32
	h, w, factor, size int // of the small image; size is the floats per pixel
	grad, add          bool
}

func (t *upsampleTask) do(i, worker int) {
	n := t.w * t.size
	from, to := n, n*t.factor*t.factor // what a row is made of and becomes
	if t.grad {
		from, to = to, from
	}
	for p := t.before(i); t.next(&p); {
		first, rows := p.plane*t.h+p.from, p.to-p.from
		dst := t.dst[first*to:][:rows*to]
		if !t.grad {
			for r := range rows {
				t.repeat(dst[r*to:][:to], t.src[(first+r)*from:][:from], worker)
			}
			continue
		}
		built := t.open(dst, worker)
		for r := range rows {
			t.gradRow(built[r*to:][:to], t.src[(first+r)*from:][:from], &t.scratch[worker])
		}
		t.close(dst, built)
	}
}

// repeat makes the factor rows that src becomes. Pieces of the first that are built
// to be streamed go to all of them.
func (t *upsampleTask) repeat(dst, src []float32, worker int) {
	line := len(src) * t.factor
	size := len(src)
	if t.streams {
		size = max(1, stageSize/(t.factor*t.size)) * t.size
	}
	for ; len(src) > 0; src = src[size:] {
		size = min(size, len(src))
		n := size * t.factor
		built := t.open(dst[:n], worker)
		t.repeatPixels(built, src[:size])
		t.close(dst[:n], built)
		for k := 1; k < t.factor; k++ {
			if t.streams {
				f32.Stream(dst[k*line:][:n], built)
			} else {
				copy(dst[k*line:], built)
			}
		}
		dst = dst[n:]
	}
}

// repeatPixels writes every pixel of src factor times to dst.
func (t *upsampleTask) repeatPixels(dst, src []float32) {
	switch {
	case t.factor == 2 && t.size == f32.Lanes:
		f32.Upsample16(dst, src, len(src)/f32.Lanes)
	case t.factor == 2:
		f32.Interleave2(dst, src, src)
	default:
		for x := range len(src) / t.size {
			for r := range t.factor {
				copy(dst[(x*t.factor+r)*t.size:], src[x*t.size:][:t.size])
			}
		}
	}
}

// gradRow sums the copies of every pixel of a row.
func (t *upsampleTask) gradRow(dst, dy []float32, s *scratch) {
	if t.factor != 2 {
		t.sumCopies(dst, dy, 0)
		return
	}
	dy0, dy1 := dy[:len(dy)/2], dy[len(dy)/2:]
	if t.size == f32.Lanes {
		f32.UpsampleGrad16(dst, dy0, dy1, t.w, t.add)
		return
	}
	pairs := t.w / f32.Lanes
	n := 2 * f32.Lanes * pairs
	split := s.floats(slotRaw, 2*n)
	f32.SplitPairs(split[:n], dy0, pairs)
	f32.SplitPairs(split[n:], dy1, pairs)
	f32.UpsampleGrad16(dst, split[:n], split[n:], pairs, t.add)
	t.sumCopies(dst, dy, pairs*f32.Lanes)
}

// sumCopies sums the copies of the pixels of a row from x on.
func (t *upsampleTask) sumCopies(dst, dy []float32, x int) {
	f, row := t.factor, t.w*t.factor*t.size
	for ; x < t.w; x++ {
		for l := range t.size {
			var sum float32
			for i := range f * f {
				sum += dy[i/f*row+(x*f+i%f)*t.size+l]
			}
			d := &dst[x*t.size+l]
			if t.add {
				sum += *d
			}
			*d = sum
		}
	}
}

// Upsample repeats every pixel factor times in both directions.
func (b *Backend) Upsample(dst, x backend.Buffer, factor int) {
	s := of(x)
	planes, size := s.planes()
	t := own[upsampleTask](b)
	out := of(dst).as(s).data
	h, w := s.shape[2], s.shape[3]
	*t = upsampleTask{
		outlet: b.outletTo(out, h, w*size*factor*factor, false), dst: out, src: s.data,
		h: h, w: w, factor: factor, size: size,
	}
	b.run(t.parts(planes), t)
}

// UpsampleGrad sums the gradient over the copies of a pixel.
func (b *Backend) UpsampleGrad(dx, dy backend.Buffer, factor int, add bool) {
	g := of(dy)
	d := b.target(dx, g, add)
	planes, size := d.planes()
	t := own[upsampleTask](b)
	h, w := d.shape[2], d.shape[3]
	*t = upsampleTask{
		outlet: b.outletTo(d.data, h, w*size*factor*factor, add), dst: d.data, src: g.data,
		h: h, w: w, factor: factor, size: size, grad: true, add: add,
	}
	b.run(t.parts(planes), t)
}
