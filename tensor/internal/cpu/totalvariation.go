package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// variation sums the squared differences of neighbors, or computes their gradient
// in dx, a few rows per part.
type variation struct {
	dx, x             []float32
	rows, width, size int // of a plane; size is the floats per pixel
	c                 float32
	add               bool
}

func (b *Backend) variation(x *buffer) *variation {
	_, size := x.planes()
	t := own[variation](b)
	*t = variation{x: x.data, rows: x.shape[2], width: x.shape[3] * size, size: size}
	return t
}

// perPart is the number of rows of a part.
func (t *variation) perPart() int { return max(1, chunk/t.width) }

func (t *variation) parts() int { return (len(t.x)/t.width + t.perPart() - 1) / t.perPart() }

// rowsOf returns the rows from:to of part i.
func (t *variation) rowsOf(i int) (from, to int) {
	from = i * t.perPart()
	return from, min(from+t.perPart(), len(t.x)/t.width)
}

func (t *variation) sum(i int) (sum float64) {
	inner := t.width - t.size
	for r, to := t.rowsOf(i); r < to; r++ {
		row := t.x[r*t.width:][:t.width]
		sum += f32.SumSqDiff(row[:inner], row[t.size:])
		if r%t.rows < t.rows-1 {
			sum += f32.SumSqDiff(row, t.x[(r+1)*t.width:])
		}
	}
	return sum
}

func (t *variation) do(i, _ int) {
	inner := t.width - t.size
	for r, to := t.rowsOf(i); r < to; r++ {
		row, d := t.x[r*t.width:][:t.width], t.dx[r*t.width:][:t.width]
		if !t.add {
			clear(d)
		}
		if r%t.rows > 0 {
			f32.SubScale(d, row, t.x[(r-1)*t.width:], t.c, true)
		}
		if r%t.rows < t.rows-1 {
			f32.SubScale(d, row, t.x[(r+1)*t.width:], t.c, true)
		}
		f32.SubScale(d[:inner], row[:inner], row[t.size:], t.c, true)
		f32.SubScale(d[t.size:], row[t.size:], row[:inner], t.c, true)
	}
}

// TotalVariation sets dst to weight/len(x) times the sum of the squared differences
// of neighbors.
func (b *Backend) TotalVariation(dst, x backend.Buffer, weight float32) {
	t := b.variation(of(x))
	setMean(of(dst), b.sum(t.parts(), t), weight, len(t.x))
}

// TotalVariationGrad computes dx = dloss * weight/len(x) * 2 times the sum of a
// pixel's differences to its neighbors.
func (b *Backend) TotalVariationGrad(dx, dloss, x backend.Buffer, weight float32, add bool) {
	s := of(x)
	t := b.variation(s)
	t.c = float32(float64(of(dloss).data[0]) * float64(weight) * 2 / float64(len(s.data)))
	t.dx, t.add = b.target(dx, s, add).data, add
	b.run(t.parts(), t)
}
