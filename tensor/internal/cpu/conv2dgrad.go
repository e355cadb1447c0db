package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// tapGrad computes the gradient of the weights of a direct convolution. Its parts
// are fixed shares of the rows, each with sums of its own, which are then added
// in order.
type tapGrad struct {
	conv      *tapConv // its view of the input and taps; dst is the shape of dy
	dy        view
	sums      []float32 // per part: weights as conv packs them, then the biases
	partSize  int
	shares    int
	wantsBias bool
}

func (t *tapGrad) do(i, worker int) {
	c := t.conv
	s := &c.scratch[worker]
	sums := t.sums[i*t.partSize:][:t.partSize]
	clear(sums)
	k, oh, ow := c.dst.shape[1], c.dst.shape[2], c.dst.shape[3]
	offs := c.phases[0].offs
	total := c.x.shape[0] * c.parts()
	for part := i * total / t.shares; part < (i+1)*total/t.shares; part++ {
		n, y0 := part/c.parts(), part%c.parts()*c.rows
		rows := min(c.rows, oh-y0)
		local := s.floats(slotLocal, c.x.shape[1]*c.planeRows()*c.rowLen)
		c.gather(local, c.planeRows(), n, y0*c.stride, (rows-1)*c.stride+c.halo+1, s)
		dy := s.floats(slotRows, k*c.rows*t.dy.rowLen)
		t.dy.gather(dy, c.rows, n, y0, rows, s)
		at := 0
		for first := 0; first < k; {
			g := groupSize(k - first)
			f32.TapsGrad(sums[at:], g, dy[first*c.rows*t.dy.rowLen:], c.rows*t.dy.rowLen, t.dy.rowLen,
				local, offs, c.stride*c.rowLen, rows, ow)
			at += g * len(offs)
			first += g
		}
		if t.wantsBias {
			for o := range k {
				var sum float64
				for r := range rows {
					sum += f32.Sum(dy[(o*c.rows+r)*t.dy.rowLen:][:ow])
				}
				sums[at+o] += float32(sum)
			}
		}
	}
}

// unpack adds the parts' sums to dw [K][C*kh*kw] and dbias.
func (t *tapGrad) unpack(dw, dbias []float32) {
	for i := 1; i < t.shares; i++ {
		f32.Add(t.sums[:t.partSize], t.sums[:t.partSize], t.sums[i*t.partSize:][:t.partSize])
	}
	k, taps := t.conv.dst.shape[1], t.conv.phases[0].taps
	step := len(taps)
	at := 0
	for first := 0; first < k; {
		g := groupSize(k - first)
		for _, q := range taps {
			for o := range g {
				dw[(first+o)*step+q.w] += t.sums[at]
				at++
			}
		}
		first += g
	}
	for o := range dbias {
		dbias[o] += t.sums[at+o]
	}
}

// Conv2dGradWeight computes the gradients of weight and bias.
func (b *Backend) Conv2dGradWeight(dw, dbias, x, dy backend.Buffer, g backend.Conv, add bool) {
	b.ConvBlockGradWeight(dw, dbias, x, dy, nil, backend.ConvBlock{Conv: g, Upsample: 1}, add)
}

// ConvBlockGradWeight computes the gradients of weight and bias of a block.
func (b *Backend) ConvBlockGradWeight(dw, dbias, x, dy, y backend.Buffer, g backend.ConvBlock, add bool) {
	dst, d, mask := of(dw), of(dy), maskOf(y, g)
	if mask != nil {
		b.arrange(d, mask.blocked)
	}
	var shift []float32
	if dbias != nil {
		shift = b.target(dbias, of(dbias).inLayout(false), add).data
	}
	b.target(dw, dst.inLayout(false), add)
	if !add {
		clear(dst.data)
		clear(shift)
	}
	if b.winogradFits(of(x).shape, dst.shape, d.shape, g) {
		b.winogradGradWeight(dst.data, shift, of(x), d, mask, g)
		return
	}
	c := b.newTaps(d)
	c.forwardTaps(dst.shape, g.Conv)
	c.place(of(x), nil, g.Upsample, outsideOf(g))
	t := own[tapGrad](b)
	*t = tapGrad{conv: c, dy: newView(d, mask, 1, 0, 0, zeros, 1, d.shape[3]), wantsBias: shift != nil}
	t.partSize = dst.shape.Len() + len(shift)
	t.shares = min(maxShares, d.shape[0]*c.parts())
	t.sums = b.shared.floats(slotSums, t.shares*t.partSize)
	b.run(t.shares, t)
	t.unpack(dst.data, shift)
}
