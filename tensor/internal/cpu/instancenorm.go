package cpu

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// normTask normalises a plane, or a plane of blocks, per part. With few planes
// and many workers the parts of a plane become parts of their own: a first pass
// takes the statistics of pieces, a second merges and applies them.
type normTask struct {
	dst, x, residual         []float32
	dy, dx                   []float32
	mean, rstd, gamma, beta  []float32
	dgamma, dbeta            []float32
	channels, pixels, pieces int // channels counts blocks if blocked
	blocked                  bool
	phase                    normPhase
	g                        backend.NormBlock
	add                      bool
	sums                     []float64 // per plane and piece: lanes of two sums
	lanes                    int
}

type normPhase int

const (
	normStats normPhase = iota
	normApply
	normGradSums
	normGradApply
)

// normPiece is how many floats of a plane one part handles.
const normPiece = 32 << 10

func (t *normTask) do(i, _ int) {
	plane, piece := i/t.pieces, i%t.pieces
	size := normPiece / t.lanes
	from := piece * size
	n := min(size, t.pixels-from)
	at := (plane*t.pixels + from) * t.lanes
	n *= t.lanes
	sums := t.sums[i*2*f32.Lanes:][:2*f32.Lanes]
	switch t.phase {
	case normStats:
		statistics(sums, t.x[at:][:n], t.lanes)
	case normApply:
		t.apply(plane, at, n)
	case normGradSums:
		t.gradSums(sums, plane, at, n)
	case normGradApply:
		t.gradApply(plane, at, n)
	}
}

// merge turns the statistics of pieces of size pixels into mean and rstd.
func (t *normTask) merge(sums []float64, planes, pieces, size int) {
	for plane := range planes {
		for l := range t.lanes {
			var count, mean, dev float64
			for piece := range pieces {
				s := sums[(plane*pieces+piece)*2*f32.Lanes:]
				n := float64(min(size, t.pixels-piece*size))
				delta := s[l] - mean
				mean += delta * n / (count + n)
				dev += s[f32.Lanes+l] + delta*delta*count*n/(count+n)
				count += n
			}
			i := plane*t.lanes + l
			t.mean[i] = float32(mean)
			t.rstd[i] = float32(1 / math.Sqrt(max(dev, 0)/count+float64(t.g.Eps)))
			if dev != dev {
				t.rstd[i] = float32(dev)
			}
		}
	}
}

// coefficients returns x*scale+shift for channel i of the batch.
func (t *normTask) coefficients(i int) (scale, shift float32) {
	c := i % (t.channels * t.lanes)
	s := float64(t.rstd[i]) * float64(t.gamma[c])
	return float32(s), float32(float64(t.beta[c]) - float64(t.mean[i])*s)
}

func (t *normTask) apply(plane, at, n int) {
	var scale, shift, ones, minusMean [f32.Lanes]float32
	centre := false
	for l := range t.lanes {
		i := plane*t.lanes + l
		scale[l], shift[l] = t.coefficients(i)
		ones[l], minusMean[l] = 1, -t.mean[i]
		centre = centre || math.Abs(float64(t.mean[i])*float64(t.rstd[i])) > far
	}
	if centre {
		for l := range t.lanes {
			shift[l] = t.beta[(plane*t.lanes+l)%(t.channels*t.lanes)]
		}
	}
	for end := at + n; at < end; at += statPixels {
		m := min(statPixels, end-at)
		dst, x := t.dst[at:][:m], t.x[at:][:m]
		var r []float32
		if t.residual != nil {
			r = t.residual[at:][:m]
		}
		if centre {
			t.scaleShift(dst, x, nil, &ones, &minusMean, false)
			x = dst
		}
		t.scaleShift(dst, x, r, &scale, &shift, t.g.ReLU)
	}
}

func (t *normTask) scaleShift(dst, x, r []float32, scale, shift *[f32.Lanes]float32, relu bool) {
	if t.blocked {
		f32.ScaleShift16(dst, x, r, scale[:], shift[:], t.g.Alpha, relu)
	} else {
		f32.ScaleShift(dst, x, r, scale[0], shift[0], t.g.Alpha, relu)
	}
}

func (t *normTask) gradSums(sums []float64, plane, at, n int) {
	dy, x := t.dy[at:][:n], t.x[at:][:n]
	if !t.blocked {
		scale, shift := t.coefficients(plane)
		sums[0], sums[f32.Lanes] = f32.NormGradSums(dy, x, scale, shift, t.mean[plane], t.g.ReLU)
		return
	}
	clear(sums)
	var scale, shift, mean [f32.Lanes]float32
	for l := range scale {
		scale[l], shift[l] = t.coefficients(plane*f32.Lanes + l)
		mean[l] = t.mean[plane*f32.Lanes+l]
	}
	f32.NormGradSums16((*[f32.Lanes]float64)(sums), (*[f32.Lanes]float64)(sums[f32.Lanes:]), dy, x, &scale, &shift, &mean, t.g.ReLU)
}

// mergeGrad adds the sums of pieces, leaving those of a plane with its first
// piece, and computes the gradients of gamma and beta.
func (t *normTask) mergeGrad(batch int, addParams bool) {
	if !addParams {
		clear(t.dgamma)
		clear(t.dbeta)
	}
	for c := range t.channels * t.lanes {
		var dgamma, dbeta float64
		for n := range batch {
			plane, l := n*t.channels+c/t.lanes, c%t.lanes
			first := t.sums[plane*t.pieces*2*f32.Lanes:]
			for piece := 1; piece < t.pieces; piece++ {
				s := t.sums[(plane*t.pieces+piece)*2*f32.Lanes:]
				first[l] += s[l]
				first[f32.Lanes+l] += s[f32.Lanes+l]
			}
			dbeta += first[l]
			dgamma += first[f32.Lanes+l] * float64(t.rstd[plane*t.lanes+l])
		}
		t.dgamma[c] += float32(dgamma)
		t.dbeta[c] += float32(dbeta)
	}
}

// gradCoefficients returns dx = a*dy + b*x + c for channel i of the batch, from
// dx = rstd*gamma*(dy - mean(dy) - (x-mean)*rstd²*mean(dy*(x-mean))).
func (t *normTask) gradCoefficients(plane, l int) (a, b, c float32) {
	i := plane*t.lanes + l
	s := t.sums[plane*t.pieces*2*f32.Lanes:]
	n := float64(t.pixels)
	rstd, mean := float64(t.rstd[i]), float64(t.mean[i])
	da := rstd * float64(t.gamma[i%(t.channels*t.lanes)])
	db := -da * rstd * rstd * s[f32.Lanes+l] / n
	dc := -da*s[l]/n - db*mean
	return float32(da), float32(db), float32(dc)
}

func (t *normTask) gradApply(plane, at, n int) {
	dx, dy, x := t.dx[at:][:n], t.dy[at:][:n], t.x[at:][:n]
	if !t.blocked {
		scale, shift := t.coefficients(plane)
		a, b, c := t.gradCoefficients(plane, 0)
		f32.NormGradApply(dx, dy, x, scale, shift, a, b, c, t.g.ReLU, t.add)
		return
	}
	var scale, shift, a, b, c [f32.Lanes]float32
	for l := range scale {
		scale[l], shift[l] = t.coefficients(plane*f32.Lanes + l)
		a[l], b[l], c[l] = t.gradCoefficients(plane, l)
	}
	f32.NormGradApply16(dx, dy, x, &scale, &shift, &a, &b, &c, t.g.ReLU, t.add)
}

// newNorm prepares the task for tensors like x and returns its number of parts.
func (b *Backend) newNorm(x *buffer, g backend.NormBlock) (t *normTask, parts int) {
	t = &b.ops.norm
	planes, lanes := x.planes()
	pixels := x.shape[2] * x.shape[3]
	size := normPiece / lanes
	pieces := (pixels + size - 1) / size
	*t = normTask{
		x: x.data, channels: planes / x.shape[0], pixels: pixels, pieces: pieces,
		blocked: x.blocked, lanes: lanes, g: g,
		sums: b.shared.doubles(planes * pieces * 2 * f32.Lanes),
	}
	return t, planes * pieces
}

// NormBlock sets dst = relu?(instancenorm(x)) + Alpha*residual.
func (b *Backend) NormBlock(dst, mean, rstd, x, gamma, beta, residual backend.Buffer, g backend.NormBlock) {
	s := of(x)
	r := optional(residual)
	if r != nil {
		b.arrange(r, s.blocked)
	}
	t, parts := b.newNorm(s, g)
	t.dst = of(dst).as(s).data
	t.mean, t.rstd = of(mean).inLayout(false).data, of(rstd).inLayout(false).data
	t.gamma, t.beta = of(gamma).data, of(beta).data
	if r != nil {
		t.residual = r.data
	}
	planes, _ := s.planes()
	if s.stats.pieces > 0 {
		t.merge(s.stats.sums, planes, s.stats.pieces, s.stats.size)
	} else {
		t.phase = normStats
		b.run(parts, t)
		t.merge(t.sums, planes, t.pieces, normPiece/t.lanes)
	}
	t.phase = normApply
	b.run(parts, t)
}

// InstanceNorm normalises every plane.
func (b *Backend) InstanceNorm(dst, mean, rstd, x, gamma, beta backend.Buffer, eps float32) {
	b.NormBlock(dst, mean, rstd, x, gamma, beta, nil, backend.NormBlock{Eps: eps})
}

// NormBlockGrad computes the gradients of x, gamma and beta.
func (b *Backend) NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, beta backend.Buffer, g backend.NormBlock, add, addParams bool) {
	s, d := of(x), of(dy)
	b.arrange(d, s.blocked)
	t, parts := b.newNorm(s, g)
	t.dx, t.dy = b.target(dx, s, add).data, d.data
	t.mean, t.rstd = of(mean).data, of(rstd).data
	t.gamma, t.beta = of(gamma).data, of(gamma).data
	if beta != nil {
		t.beta = of(beta).data
	}
	dg, db := of(dgamma), of(dbeta)
	dg.changed()
	db.changed()
	t.dgamma, t.dbeta = dg.data, db.data
	t.add = add
	t.phase = normGradSums
	b.run(parts, t)
	t.mergeGrad(s.shape[0], addParams)
	t.phase = normGradApply
	b.run(parts, t)
}

// InstanceNormGrad computes the gradients of x, gamma and beta.
func (b *Backend) InstanceNormGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma backend.Buffer, add, addParams bool) {
	b.NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, nil, backend.NormBlock{}, add, addParams)
}
