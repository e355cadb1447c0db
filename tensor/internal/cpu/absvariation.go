package cpu

import "github.com/impasto-go/impasto/tensor/backend"

// absVariation is the same as variation, of the values sqrt(d²+eps²) of differences d.
type absVariation struct {
	variation
	eps float32
}

func (b *Backend) absVariation(x *buffer, eps float32) *absVariation {
	t := own[absVariation](b)
	*t = absVariation{*b.variation(x), eps}
	return t
}

func (t *absVariation) sum(i int) (sum float64) {
	inner := t.width - t.size
	for r, to := t.rowsOf(i); r < to; r++ {
		row := t.x[r*t.width:][:t.width]
		sum += sumHypot(row[:inner], row[t.size:], t.eps)
		if r%t.rows < t.rows-1 {
			sum += sumHypot(row, t.x[(r+1)*t.width:][:t.width], t.eps)
		}
	}
	return sum
}

func (t *absVariation) do(i, _ int) {
	inner := t.width - t.size
	from, to := t.rowsOf(i)
	if !t.add {
		clear(t.dx[from*t.width : to*t.width])
	}
	for r := from; r < to; r++ {
		row, d := t.x[r*t.width:][:t.width], t.dx[r*t.width:][:t.width]
		if r == from && r%t.rows > 0 {
			t.pull(d, row, t.x[(r-1)*t.width:])
		}
		t.pullBoth(d[:inner], d[t.size:], row, row[t.size:])
		switch {
		case r%t.rows == t.rows-1:
		case r == to-1:
			t.pull(d, row, t.x[(r+1)*t.width:]) // the row below is another part's
		default:
			t.pullBoth(d, t.dx[(r+1)*t.width:], row, t.x[(r+1)*t.width:])
		}
	}
}

// pull adds the slopes of sqrt((a-b)²+eps²) over a to da.
func (t *absVariation) pull(da, a, b []float32) {
	a, b = a[:len(da)], b[:len(da)]
	for i, v := range a {
		d := v - b[i]
		if h := hypot(d, t.eps); h != 0 {
			da[i] += t.c * (d / h)
		}
	}
}

// pullBoth also adds those over b, which are the opposite, to db.
func (t *absVariation) pullBoth(da, db, a, b []float32) {
	a, b, db = a[:len(da)], b[:len(da)], db[:len(da)]
	for i, v := range a {
		d := v - b[i]
		if h := hypot(d, t.eps); h != 0 {
			slope := t.c * (d / h)
			da[i] += slope
			db[i] -= slope
		}
	}
}

// AbsVariation sets dst to weight/len(x) times the sum of sqrt(d²+eps²) over the
// differences d of neighbors.
func (b *Backend) AbsVariation(dst, x backend.Buffer, weight, eps float32) {
	t := b.absVariation(of(x), eps)
	setMean(of(dst), b.sum(t.parts(), t), weight, len(t.x))
}

// AbsVariationGrad computes dx = dloss * weight/len(x) times the sum of
// d/sqrt(d²+eps²) over a pixel's differences d to its neighbors.
func (b *Backend) AbsVariationGrad(dx, dloss, x backend.Buffer, weight, eps float32, add bool) {
	s := of(x)
	t := b.absVariation(s, eps)
	t.c = float32(float64(of(dloss).data[0]) * float64(weight) / float64(len(s.data)))
	t.dx, t.add = b.target(dx, s, add).data, add
	b.run(t.parts(), t)
}
