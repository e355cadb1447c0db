package cpu

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// normTask normalizes a plane, or a plane of blocks, per part. With few planes
// and many workers the parts of a plane become parts of their own: a first pass
// takes the statistics of pieces, a second merges and applies them.
type normTask struct {
	outlet
	dst, x, residual         []float32
	residualNorm             *deferredNorm // of the residual, if it waits for one
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
	first                    int // plane of the group in work
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

// normGroup is how many floats, in whole planes, go through both of their phases
// together, so that the second finds them in a cache.
const normGroup = 1 << 20

// group returns how many of planes are a group.
func (t *normTask) group(planes int) int {
	return min(planes, max(1, normGroup/(t.pixels*t.lanes)))
}

// normPhase does a phase of planes from first on.
func (b *Backend) normPhase(t *normTask, phase normPhase, first, planes int) {
	t.phase, t.first = phase, first
	b.run(planes*t.pieces, t)
}

func (t *normTask) do(i, worker int) {
	i += t.first * t.pieces
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
		t.apply(plane, at, n, worker)
	case normGradSums:
		t.gradSums(sums, plane, at, n)
	case normGradApply:
		t.gradApply(plane, at, n, worker)
	}
}

// merge turns the statistics of pieces of size pixels into mean and rstd of planes
// from first to end.
func (t *normTask) merge(sums []float64, first, end, pieces, size int) {
	for plane := first; plane < end; plane++ {
		var count float64
		var mean, dev [f32.Lanes]float64
		for piece := range pieces {
			s := sums[(plane*pieces+piece)*2*f32.Lanes:][:2*f32.Lanes]
			n := float64(min(size, t.pixels-piece*size))
			share := n / (count + n)
			for l := range t.lanes {
				delta := s[l] - mean[l]
				mean[l] += delta * share
				dev[l] += s[f32.Lanes+l] + delta*delta*count*share
			}
			count += n
		}
		for l := range t.lanes {
			i := plane*t.lanes + l
			t.mean[i] = float32(mean[l])
			t.rstd[i] = float32(1 / math.Sqrt(max(dev[l], 0)/count+float64(t.g.Eps)))
			if dev[l] != dev[l] {
				t.rstd[i] = float32(dev[l])
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

// centers reports whether channel i of the batch is so far from zero that its mean
// has to be subtracted first.
func (t *normTask) centers(i int) bool {
	return math.Abs(float64(t.mean[i])*float64(t.rstd[i])) > far
}

func (t *normTask) apply(plane, at, n, worker int) {
	var scale, shift, ones, minusMean [f32.Lanes]float32
	center := false
	for l := range t.lanes {
		i := plane*t.lanes + l
		scale[l], shift[l] = t.coefficients(i)
		ones[l], minusMean[l] = 1, -t.mean[i]
		center = center || t.centers(i)
	}
	if center {
		for l := range t.lanes {
			shift[l] = t.beta[(plane*t.lanes+l)%(t.channels*t.lanes)]
		}
	}
	for end := at + n; at < end; at += stageSize {
		m := min(stageSize, end-at)
		dst, x := t.open(t.dst[at:][:m], worker), t.x[at:][:m]
		var r []float32
		if t.residual != nil {
			r = t.residual[at:][:m]
			if t.residualNorm != nil {
				normalized := t.scratch[worker].floats(slotRaw, m)
				t.residualNorm.apply(normalized, r, plane)
				r = normalized
			}
		}
		if center {
			t.scaleShift(dst, x, nil, &ones, &minusMean, false)
			x = dst
		}
		t.scaleShift(dst, x, r, &scale, &shift, t.g.ReLU)
		t.close(t.dst[at:][:m], dst)
	}
	t.end()
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

// mergeGrad adds the sums of the pieces of planes from first to end, leaving those
// of a plane with its first piece.
func (t *normTask) mergeGrad(first, end int) {
	for plane := first; plane < end; plane++ {
		sums := t.sums[plane*t.pieces*2*f32.Lanes:]
		for piece := 1; piece < t.pieces; piece++ {
			for l, s := range sums[piece*2*f32.Lanes:][:2*f32.Lanes] {
				sums[l] += s
			}
		}
	}
}

// gradParams computes the gradients of gamma and beta.
func (t *normTask) gradParams(batch int, addParams bool) {
	if !addParams {
		clear(t.dgamma)
		clear(t.dbeta)
	}
	for c := range t.channels * t.lanes {
		var dgamma, dbeta float64
		for n := range batch {
			plane, l := n*t.channels+c/t.lanes, c%t.lanes
			sums := t.sums[plane*t.pieces*2*f32.Lanes:]
			dbeta += sums[l]
			dgamma += sums[f32.Lanes+l] * float64(t.rstd[plane*t.lanes+l])
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

func (t *normTask) gradApply(plane, at, n, worker int) {
	var scale, shift, a, b, c [f32.Lanes]float32
	for l := range t.lanes {
		scale[l], shift[l] = t.coefficients(plane*t.lanes + l)
		a[l], b[l], c[l] = t.gradCoefficients(plane, l)
	}
	for end := at + n; at < end; at += stageSize {
		m := min(stageSize, end-at)
		dx, dy, x := t.open(t.dx[at:][:m], worker), t.dy[at:][:m], t.x[at:][:m]
		if t.blocked {
			f32.NormGradApply16(dx, dy, x, &scale, &shift, &a, &b, &c, t.g.ReLU, t.add)
		} else {
			f32.NormGradApply(dx, dy, x, scale[0], shift[0], a[0], b[0], c[0], t.g.ReLU, t.add)
		}
		t.close(t.dx[at:][:m], dx)
	}
	t.end()
}

// newNorm prepares the task for tensors like x.
func (b *Backend) newNorm(x *buffer, g backend.NormBlock) *normTask {
	t := own[normTask](b)
	planes, lanes := x.planes()
	pixels := x.shape[2] * x.shape[3]
	size := normPiece / lanes
	pieces := (pixels + size - 1) / size
	*t = normTask{
		x: x.data, channels: planes / x.shape[0], pixels: pixels, pieces: pieces,
		blocked: x.blocked, lanes: lanes, g: g,
		sums: b.shared.doubles(planes * pieces * 2 * f32.Lanes),
	}
	return t
}

// NormBlock sets dst = relu?(instancenorm(x)) + Alpha*residual.
func (b *Backend) NormBlock(dst, mean, rstd, x, gamma, beta, residual backend.Buffer, g backend.NormBlock) {
	s := of(x)
	var r *buffer
	if residual != nil {
		r = deferring(residual)
		b.arrange(r, s.blocked)
	}
	t := b.newNorm(s, g)
	stats := s.stats // before dst, which may be x, forgets them
	t.dst = of(dst).as(s).data
	t.outlet = outlet{scratch: b.scratch, streams: b.streams(t.dst, false)}
	t.mean, t.rstd = of(mean).inLayout(false).data, of(rstd).inLayout(false).data
	t.gamma, t.beta = of(gamma).data, of(beta).data
	if r != nil {
		t.residual = r.data
		t.residualNorm = r.deferred
	}
	planes, _ := s.planes()
	if stats.pieces > 0 {
		t.merge(stats.sums, 0, planes, stats.pieces, stats.size)
		if of(dst) == s && r == nil && !s.blocked && !blockable(s.shape) {
			b.postpone(s, t, planes)
			return
		}
		b.normPhase(t, normApply, 0, planes)
		return
	}
	n := t.group(planes)
	for first := 0; first < planes; first += n {
		n := min(n, planes-first)
		b.normPhase(t, normStats, first, n)
		t.merge(t.sums, first, first+n, t.pieces, normPiece/t.lanes)
		b.normPhase(t, normApply, first, n)
	}
}

// InstanceNorm normalizes every plane.
func (b *Backend) InstanceNorm(dst, mean, rstd, x, gamma, beta backend.Buffer, eps float32) {
	b.NormBlock(dst, mean, rstd, x, gamma, beta, nil, backend.NormBlock{Eps: eps})
}

// NormBlockGrad computes the gradients of x, gamma and beta.
func (b *Backend) NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, beta backend.Buffer, g backend.NormBlock, add, addParams bool) {
	s, d := of(x), of(dy)
	b.arrange(d, s.blocked)
	t := b.newNorm(s, g)
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
	t.outlet = outlet{scratch: b.scratch, streams: b.streams(t.dx, add)}
	planes, _ := s.planes()
	n := t.group(planes)
	for first := 0; first < planes; first += n {
		n := min(n, planes-first)
		b.normPhase(t, normGradSums, first, n)
		t.mergeGrad(first, first+n)
		b.normPhase(t, normGradApply, first, n)
	}
	t.gradParams(s.shape[0], addParams)
}

// InstanceNormGrad computes the gradients of x, gamma and beta.
func (b *Backend) InstanceNormGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma backend.Buffer, add, addParams bool) {
	b.NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, nil, backend.NormBlock{}, add, addParams)
}
