package backendtest

import (
	"fmt"
	"math"
	"slices"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Broken backends: each embeds a sound one and has one bug.
type (
	convShifted          struct{ backend.Backend }
	convNoBias           struct{ backend.Backend }
	convStride           struct{ backend.Backend }
	convImprecise        struct{ backend.Backend }
	gradInputLost        struct{ backend.Backend }
	gradInputAdds        struct{ backend.Backend }
	gradWeightLost       struct{ backend.Backend }
	biasGradAdds         struct{ backend.Backend }
	padReplicates        struct{ backend.Backend }
	padGradLost          struct{ backend.Backend }
	upsampleGradMean     struct{ backend.Backend }
	poolGradAll          struct{ backend.Backend }
	poolGradEdge         struct{ backend.Backend }
	reluDropsNaN         struct{ backend.Backend }
	reluGradAtZero       struct{ backend.Backend }
	normNaive            struct{ backend.Backend }
	normGradNoAdd        struct{ backend.Backend }
	normGradParams       struct{ backend.Backend }
	fillTail             struct{ backend.Backend }
	addTail              struct{ backend.Backend }
	axpyNoAdd            struct{ backend.Backend }
	upsampleMirrored     struct{ backend.Backend }
	poolFirst            struct{ backend.Backend }
	affineGradNoAdd      struct{ backend.Backend }
	mseUnweighted        struct{ backend.Backend }
	affineSwapped        struct{ backend.Backend }
	gramGradHalf         struct{ backend.Backend }
	mseGradWeight        struct{ backend.Backend }
	mulNoAdd             struct{ backend.Backend }
	warpTransposed       struct{ backend.Backend }
	warpGradZero         struct{ backend.Backend }
	warpFlowGradNoAdd    struct{ backend.Backend }
	warpMaskWide         struct{ backend.Backend }
	maskNoAdd            struct{ backend.Backend }
	copyFirst            struct{ backend.Backend }
	copyClears           struct{ backend.Backend }
	tanhSoft             struct{ backend.Backend }
	tanhGradOfInput      struct{ backend.Backend }
	sigmoidOfHalf        struct{ backend.Backend }
	sigmoidGradSquare    struct{ backend.Backend }
	meanIsSum            struct{ backend.Backend }
	meanGradNoAdd        struct{ backend.Backend }
	charbonnierSharp     struct{ backend.Backend }
	charbonnierGradSharp struct{ backend.Backend }
	variationWraps       struct{ backend.Backend }
	variationGradHalf    struct{ backend.Backend }
	absVariationEdges    struct{ backend.Backend }
	absVariationSharp    struct{ backend.Backend }
	adamNoCorrection     struct{ backend.Backend }
	adamGuardsWeights    struct{ backend.Backend }
	adamStops            struct{ backend.Backend }
	adamNeverClips       struct{ backend.Backend }
	adamAlwaysClips      struct{ backend.Backend }
	adamCoupled          struct{ backend.Backend }
	changesSource        struct{ backend.Backend }
	syncFails            struct{ backend.Backend }
	panics               struct{ backend.Backend }
)

// read and write copy a whole buffer.
func read(b backend.Backend, buf backend.Buffer) []float32 {
	return download(b, []backend.Buffer{buf})[0]
}

func (m convShifted) Conv2d(dst, x, w, bias backend.Buffer, g backend.Conv) {
	m.Backend.Conv2d(dst, x, w, bias, g)
	if d := read(m, dst); len(d) > 1 {
		m.Write(dst, append(d[1:], d[0]))
	}
}

func (m convNoBias) Conv2d(dst, x, w, _ backend.Buffer, g backend.Conv) {
	m.Backend.Conv2d(dst, x, w, nil, g)
}

// A step of the stride begins one column late.
func (m convStride) Conv2d(dst, x, w, bias backend.Buffer, g backend.Conv) {
	v := read(m, x)
	if g.Stride > 1 {
		v = append(v[1:], v[0])
	}
	late := upload(m, []value{{x.Shape(), v}})[0]
	m.Backend.Conv2d(dst, late, w, bias, g)
	m.Free(late)
}

// An error of 1e-5 of the largest weight, as from products in half precision.
func (m convImprecise) Conv2d(dst, x, w, bias backend.Buffer, g backend.Conv) {
	v := read(m, w)
	for i := range v {
		v[i] = float32(int(v[i]*0x1p15)) * 0x1p-15
	}
	rough := upload(m, []value{{w.Shape(), v}})[0]
	m.Backend.Conv2d(dst, x, rough, bias, g)
	m.Free(rough)
}

func (m gradInputLost) Conv2dGradInput(dx, dy, w backend.Buffer, g backend.Conv, _ bool) {
	m.Backend.Conv2dGradInput(dx, dy, w, g, false)
}

func (m gradInputAdds) Conv2dGradInput(dx, dy, w backend.Buffer, g backend.Conv, _ bool) {
	m.Backend.Conv2dGradInput(dx, dy, w, g, true)
}

// The last value of dy is forgotten, as with a wrong tail.
func (m gradWeightLost) Conv2dGradWeight(dw, dbias, x, dy backend.Buffer, g backend.Conv, add bool) {
	v := read(m, dy)
	v[len(v)-1] = 0
	short := upload(m, []value{{dy.Shape(), v}})[0]
	m.Backend.Conv2dGradWeight(dw, dbias, x, short, g, add)
	m.Free(short)
}

func (m biasGradAdds) Conv2dGradWeight(dw, dbias, x, dy backend.Buffer, g backend.Conv, add bool) {
	if dbias != nil && add {
		m.Fill(dbias, 0)
	}
	m.Backend.Conv2dGradWeight(dw, dbias, x, dy, g, add)
}

// The corner repeats the edge.
func (m padReplicates) ReflectPad(dst, x backend.Buffer, pad int) {
	m.Backend.ReflectPad(dst, x, pad)
	d := read(m, dst)
	d[0] = read(m, x)[0]
	m.Write(dst, d)
}

func (m padGradLost) ReflectPadGrad(dx, dy backend.Buffer, pad int, _ bool) {
	m.Backend.ReflectPadGrad(dx, dy, pad, false)
}

func (m upsampleGradMean) UpsampleGrad(dx, dy backend.Buffer, factor int, add bool) {
	m.Backend.UpsampleGrad(dx, dy, factor, add)
	if !add {
		half := upload(m, []value{{dx.Shape(), read(m, dx)}})[0]
		m.Axpy(dx, half, 1/float32(factor*factor), false)
		m.Free(half)
	}
}

// Every maximum of a window gets the gradient, not only the first.
func (m poolGradAll) MaxPool2Grad(dx, dy, x, y backend.Buffer, add bool) {
	s, ys := x.Shape(), y.Shape()
	d, xv, yv, dyv := read(m, dx), read(m, x), read(m, y), read(m, dy)
	for i := range d {
		at := index(s, i)
		if !add {
			d[i] = 0
		}
		if py, px := at[2]/2, at[3]/2; py < ys[2] && px < ys[3] {
			o := ((at[0]*ys[1]+at[1])*ys[2]+py)*ys[3] + px
			if xv[i] == yv[o] {
				d[i] += dyv[o]
			}
		}
	}
	m.Write(dx, d)
}

// Rows that pooling drops keep what they held.
func (m poolGradEdge) MaxPool2Grad(dx, dy, x, y backend.Buffer, add bool) {
	before := read(m, dx)
	m.Backend.MaxPool2Grad(dx, dy, x, y, add)
	if s := x.Shape(); s[2]%2 == 1 {
		after := read(m, dx)
		after[len(after)-1] = before[len(before)-1]
		m.Write(dx, after)
	}
}

func (m reluDropsNaN) ReLU(dst, x backend.Buffer) {
	v := read(m, x)
	for i := range v {
		if !(v[i] > 0) {
			v[i] = 0
		}
	}
	m.Write(dst, v)
}

func (m reluGradAtZero) ReLUGrad(dx, dy, y backend.Buffer, add bool) {
	d, g, v := read(m, dx), read(m, dy), read(m, y)
	for i := range d {
		if !add {
			d[i] = 0
		}
		if v[i] >= 0 {
			d[i] += g[i]
		}
	}
	m.Write(dx, d)
}

// Means in float32 from the sum of the values are off far from zero.
func (m normNaive) InstanceNorm(dst, mean, rstd, x, gamma, beta backend.Buffer, eps float32) {
	m.Backend.InstanceNorm(dst, mean, rstd, x, gamma, beta, eps)
	s := x.Shape()
	v, means := read(m, x), read(m, mean)
	for p := range means {
		sum := float32(0)
		for i := range s[2] * s[3] {
			sum += v[p*s[2]*s[3]+i]
		}
		means[p] = sum / float32(s[2]*s[3])
	}
	m.Write(mean, means)
}

func (m normGradNoAdd) InstanceNormGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma backend.Buffer, _, addParams bool) {
	m.Backend.InstanceNormGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, false, addParams)
}

func (m normGradParams) InstanceNormGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma backend.Buffer, add, _ bool) {
	m.Backend.InstanceNormGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, add, add)
}

// The last element stays.
func (m fillTail) Fill(dst backend.Buffer, v float32) {
	keepLast(m, dst, func() { m.Backend.Fill(dst, v) })
}

func (m addTail) Add(dst, a, b backend.Buffer) {
	keepLast(m, dst, func() { m.Backend.Add(dst, a, b) })
}

func keepLast(b backend.Backend, dst backend.Buffer, f func()) {
	before := read(b, dst)
	f()
	after := read(b, dst)
	after[len(after)-1] = before[len(before)-1]
	b.Write(dst, after)
}

func (m axpyNoAdd) Axpy(dst, x backend.Buffer, alpha float32, _ bool) {
	m.Backend.Axpy(dst, x, alpha, false)
}

func (m upsampleMirrored) Upsample(dst, x backend.Buffer, factor int) {
	m.Backend.Upsample(dst, x, factor)
	d := read(m, dst)
	slices.Reverse(d)
	m.Write(dst, d)
}

// The first of a window is taken for its maximum.
func (m poolFirst) MaxPool2(dst, x backend.Buffer) {
	s, ds := x.Shape(), dst.Shape()
	v, d := read(m, x), make([]float32, ds.Len())
	for i := range d {
		at := index(ds, i)
		d[i] = v[((at[0]*s[1]+at[1])*s[2]+2*at[2])*s[3]+2*at[3]]
	}
	m.Write(dst, d)
}

func (m affineGradNoAdd) ChannelAffineGrad(dx, dy, scale backend.Buffer, _ bool) {
	m.Backend.ChannelAffineGrad(dx, dy, scale, false)
}

func (m mseUnweighted) MSE(dst, a, b backend.Buffer, _ float32) { m.Backend.MSE(dst, a, b, 1) }

func (m affineSwapped) ChannelAffine(dst, x, scale, shift backend.Buffer) {
	m.Backend.ChannelAffine(dst, x, shift, scale)
}

// Right for symmetric gradients only.
func (m gramGradHalf) GramGrad(dx, dg, x backend.Buffer, add bool) {
	s, v := dg.Shape(), read(m, dg)
	for n := range s[0] {
		for i := range s[2] {
			for j := range i {
				v[(n*s[2]+i)*s[3]+j] = v[(n*s[2]+j)*s[3]+i]
			}
		}
	}
	symmetric := upload(m, []value{{s, v}})[0]
	m.Backend.GramGrad(dx, symmetric, x, add)
	m.Free(symmetric)
}

func (m mseGradWeight) MSEGrad(da, dloss, a, b backend.Buffer, _ float32, add bool) {
	m.Backend.MSEGrad(da, dloss, a, b, 1, add)
}

func (m mulNoAdd) Mul(dst, a, b backend.Buffer, _ bool) { m.Backend.Mul(dst, a, b, false) }

// The flow's channels are exchanged.
func (m warpTransposed) Warp(dst, x, flow backend.Buffer, border backend.Border) {
	f, v := flow.Shape(), read(m, flow)
	area := f[2] * f[3]
	for n := range f[0] {
		v = append(append(v, v[(2*n+1)*area:][:area]...), v[2*n*area:][:area]...)
	}
	swapped := upload(m, []value{{f, v[f.Len():]}})[0]
	m.Backend.Warp(dst, x, swapped, border)
	m.Free(swapped)
}

func (m warpGradZero) WarpGrad(dx, dy, flow backend.Buffer, _ backend.Border, add bool) {
	m.Backend.WarpGrad(dx, dy, flow, backend.BorderZero, add)
}

func (m warpFlowGradNoAdd) WarpFlowGrad(dflow, dy, x, flow backend.Buffer, border backend.Border, _ bool) {
	m.Backend.WarpFlowGrad(dflow, dy, x, flow, border, false)
}

func (m warpMaskWide) WarpMask(dst, flow backend.Buffer, height, width int) {
	m.Backend.WarpMask(dst, flow, height, width+1)
}

func (m maskNoAdd) Mask(dst, x, mask backend.Buffer, _ bool) { m.Backend.Mask(dst, x, mask, false) }

// The first channels are copied, whichever are wanted.
func (m copyFirst) CopyChannels(dst, x backend.Buffer, to, _, count int, add bool) {
	m.Backend.CopyChannels(dst, x, to, 0, count, add)
}

func (m copyClears) CopyChannels(dst, x backend.Buffer, to, from, count int, add bool) {
	if !add {
		m.Fill(dst, 0)
	}
	m.Backend.CopyChannels(dst, x, to, from, count, add)
}

// x/(1+|x|) looks alike.
func (m tanhSoft) Tanh(dst, x backend.Buffer) {
	v := read(m, x)
	for i := range v {
		v[i] /= 1 + float32(math.Abs(float64(v[i])))
	}
	m.Write(dst, v)
}

func (m tanhGradOfInput) TanhGrad(dx, dy, y backend.Buffer, add bool) {
	z := m.Alloc(y.Shape())
	m.Tanh(z, y)
	m.Backend.TanhGrad(dx, dy, z, add)
	m.Free(z)
}

func (m sigmoidOfHalf) Sigmoid(dst, x backend.Buffer) {
	half := m.Alloc(x.Shape())
	m.Axpy(half, x, 0.5, false)
	m.Backend.Sigmoid(dst, half)
	m.Free(half)
}

func (m sigmoidGradSquare) SigmoidGrad(dx, dy, y backend.Buffer, add bool) {
	square := m.Alloc(y.Shape())
	m.Mul(square, y, y, false)
	m.Mul(dx, dy, square, add)
	m.Free(square)
}

func (m meanIsSum) Mean(dst, x backend.Buffer, weight float32) {
	m.Backend.Mean(dst, x, weight*float32(x.Shape().Len()))
}

func (m meanGradNoAdd) MeanGrad(dx, dloss backend.Buffer, weight float32, _ bool) {
	m.Backend.MeanGrad(dx, dloss, weight, false)
}

func (m charbonnierSharp) Charbonnier(dst, a, b backend.Buffer, weight, _ float32) {
	m.Backend.Charbonnier(dst, a, b, weight, 0)
}

func (m charbonnierGradSharp) CharbonnierGrad(da, dloss, a, b backend.Buffer, weight, _ float32, add bool) {
	m.Backend.CharbonnierGrad(da, dloss, a, b, weight, 0, add)
}

// The last pixel of a row has the first of the next for its neighbor.
func (m variationWraps) TotalVariation(dst, x backend.Buffer, weight float32) {
	s := x.Shape()
	m.Backend.TotalVariation(dst, x, weight)
	d, v := read(m, dst), read(m, x)
	for i := s[3] - 1; i+1 < len(v); i += s[3] {
		d[0] += weight / float32(len(v)) * (v[i] - v[i+1]) * (v[i] - v[i+1])
	}
	m.Write(dst, d)
}

func (m variationGradHalf) TotalVariationGrad(dx, dloss, x backend.Buffer, weight float32, add bool) {
	m.Backend.TotalVariationGrad(dx, dloss, x, weight/2, add)
}

// Pixels at the right and the lower edge are their own neighbors.
func (m absVariationEdges) AbsVariation(dst, x backend.Buffer, weight, eps float32) {
	s := x.Shape()
	m.Backend.AbsVariation(dst, x, weight, eps)
	d := read(m, dst)
	d[0] += weight * eps * (1/float32(s[2]) + 1/float32(s[3]))
	m.Write(dst, d)
}

func (m absVariationSharp) AbsVariationGrad(dx, dloss, x backend.Buffer, weight, _ float32, add bool) {
	m.Backend.AbsVariationGrad(dx, dloss, x, weight, 0, add)
}

func (m adamNoCorrection) Adam(w, mo, v, g, guard backend.Buffer, p backend.AdamParams) {
	p.InvSqrtCorrection2 = 1
	m.Backend.Adam(w, mo, v, g, guard, p)
}

// Only the weights are guarded.
func (m adamGuardsWeights) Adam(w, mo, v, g, guard backend.Buffer, p backend.AdamParams) {
	before := read(m, w)
	m.Backend.Adam(w, mo, v, g, nil, p)
	if guard != nil && read(m, guard)[0]-read(m, guard)[0] != 0 {
		m.Write(w, before)
	}
}

// Stops at any guard.
func (m adamStops) Adam(w, mo, v, g, guard backend.Buffer, p backend.AdamParams) {
	if guard == nil {
		m.Backend.Adam(w, mo, v, g, nil, p)
	}
}

func (m adamNeverClips) Adam(w, mo, v, g, guard backend.Buffer, p backend.AdamParams) {
	p.MaxNorm = 0
	m.Backend.Adam(w, mo, v, g, guard, p)
}

// Brings smaller norms up to the limit as well.
func (m adamAlwaysClips) Adam(w, mo, v, g, guard backend.Buffer, p backend.AdamParams) {
	if p.MaxNorm > 0 {
		g = upload(m, []value{{g.Shape(), read(m, g)}})[0]
		scale := p.MaxNorm / (float32(math.Sqrt(float64(read(m, p.Squares)[0]))) + 1e-6)
		m.Axpy(g, upload(m, []value{{g.Shape(), read(m, g)}})[0], scale, false)
		p.MaxNorm = 0
	}
	m.Backend.Adam(w, mo, v, g, guard, p)
}

// Decays through the gradient, as Adam's L2 penalty does.
func (m adamCoupled) Adam(w, mo, v, g, guard backend.Buffer, p backend.AdamParams) {
	sum := upload(m, []value{{g.Shape(), read(m, g)}})[0]
	m.Axpy(sum, w, p.Decay, true)
	p.Decay = 0
	m.Backend.Adam(w, mo, v, sum, guard, p)
}

func (m changesSource) Conv2d(dst, x, w, bias backend.Buffer, g backend.Conv) {
	m.Backend.Conv2d(dst, x, w, bias, g)
	m.Fill(w, 0)
}

func (m syncFails) Sync() error { return fmt.Errorf("lost device") }

func (m panics) Gram(backend.Buffer, backend.Buffer) { panic("no such thing") }

// staleWeights computes with the values a weight had when it was frozen.
type staleWeights struct {
	*fused
	frozen map[backend.Buffer]backend.Buffer
}

func (s staleWeights) Freeze(b backend.Buffer) {
	s.frozen[b] = upload(s.Backend, []value{{b.Shape(), read(s.Backend, b)}})[0]
}

func (s staleWeights) Conv2d(dst, x, w, bias backend.Buffer, g backend.Conv) {
	if old, ok := s.frozen[w]; ok {
		w = old
	}
	s.Backend.Conv2d(dst, x, w, bias, g)
}

// restless gives different results each time, as racing threads do.
type restless struct {
	backend.Backend
	calls *int
}

func (r restless) SumSquares(dst, x backend.Buffer) {
	r.Backend.SumSquares(dst, x)
	*r.calls++
	v := read(r, dst)
	v[0] *= 1 + float32(*r.calls)*0x1p-23
	r.Write(dst, v)
}

// lossy keeps 16 bits of what is written.
type lossy struct{ backend.Backend }

func (l lossy) Write(dst backend.Buffer, src []float32) {
	rough := make([]float32, len(src))
	for i, v := range src {
		rough[i] = v + v*256 - v*256
	}
	l.Backend.Write(dst, rough)
}

// Fused operations with one bug.
type (
	blockNoReLU          struct{ *fused }
	blockZeros           struct{ *fused }
	blockGradUnmasked    struct{ *fused }
	blockGradNoAdd       struct{ *fused }
	normResidualUnscaled struct{ *fused }
	normBlockGradNoAdd   struct{ *fused }
	poolsBefore          struct{ *fused }
	gradUngated          struct{ *fused }
	gramGatedAlone       struct{ *fused }
	wrongScalar          struct{ *fused }
)

func (m blockNoReLU) ConvBlock(dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
	g.ReLU = false
	m.fused.ConvBlock(dst, x, w, bias, g)
}

// Zeros instead of mirrored pixels.
func (m blockZeros) ConvBlock(dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
	g.Reflect = false
	m.fused.ConvBlock(dst, x, w, bias, g)
}

func (m blockGradUnmasked) ConvBlockGradInput(dx, dy, y, w backend.Buffer, g backend.ConvBlock, add bool) {
	g.ReLU = false
	m.fused.ConvBlockGradInput(dx, dy, y, w, g, add)
}

func (m blockGradNoAdd) ConvBlockGradWeight(dw, dbias, x, dy, y backend.Buffer, g backend.ConvBlock, _ bool) {
	m.fused.ConvBlockGradWeight(dw, dbias, x, dy, y, g, false)
}

// The maximum comes before the bias and the ReLU.
func (m poolsBefore) ConvBlockPool(dst, pooled, x, w, bias backend.Buffer, g backend.ConvBlock) {
	plain := g
	plain.ReLU = false
	m.fused.ConvBlockPool(dst, pooled, x, w, nil, plain)
	m.ConvBlock(dst, x, w, bias, g)
}

func (m gradUngated) ConvBlockGradInputGated(dx, dy, y, w, _ backend.Buffer, g backend.ConvBlock, add bool) {
	m.ConvBlockGradInput(dx, dy, y, w, g, add)
}

// What was there before passes.
func (m gramGatedAlone) GramGradGated(dx, dg, x backend.Buffer, add bool) {
	d := m.Alloc(dx.Shape())
	m.GramGrad(d, dg, x, false)
	m.ReLUGrad(d, d, x, false)
	m.Axpy(dx, d, 1, add)
	m.Free(d)
}

func (m normResidualUnscaled) NormBlock(dst, mean, rstd, x, gamma, beta, residual backend.Buffer, g backend.NormBlock) {
	g.Alpha = 1
	m.fused.NormBlock(dst, mean, rstd, x, gamma, beta, residual, g)
}

func (m normBlockGradNoAdd) NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, beta backend.Buffer, g backend.NormBlock, add, _ bool) {
	m.fused.NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, beta, g, add, false)
}

func (m wrongScalar) ReadScalars(dst []float32, src []backend.Buffer) {
	m.fused.ReadScalars(dst, src)
	dst[len(dst)-1] = dst[0]
}
