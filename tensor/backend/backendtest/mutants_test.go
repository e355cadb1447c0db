package backendtest

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

// fused is the reference with all optional interfaces, composed of primitives. Its
// methods can be replaced one by one to see whether the suite notices.
type fused struct {
	backend.Backend
	block       func(b backend.Backend, dst, x, w, bias backend.Buffer, g backend.ConvBlock)
	normBlock   func(b backend.Backend, out, in []backend.Buffer, residual backend.Buffer, g backend.NormBlock)
	addParams   func(bool) bool
	freeze      func(backend.Buffer)
	readScalars func(b backend.Backend, dst []float32, src []backend.Buffer)
}

func newFused() *fused {
	return &fused{Reference(), composeConv, composeNorm, func(add bool) bool { return add }, func(backend.Buffer) {}, readEach}
}

func (f *fused) ConvBlock(dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
	f.block(f.Backend, dst, x, w, bias, g)
}

func (f *fused) ConvBlockGradInput(dx, dy, y, w backend.Buffer, g backend.ConvBlock, add bool) {
	composeConvGradInput(f.Backend, dx, maskGrad(f.Backend, dy, y, g), w, g, add)
}

func (f *fused) ConvBlockGradWeight(dw, dbias, x, dy, y backend.Buffer, g backend.ConvBlock, add bool) {
	b := f.Backend
	b.Conv2dGradWeight(dw, dbias, expand(b, x, g), maskGrad(b, dy, y, g), convolution(g), f.addParams(add))
}

func (f *fused) NormBlock(dst, mean, rstd, x, gamma, beta, residual backend.Buffer, g backend.NormBlock) {
	from := f.Alloc(x.Shape()) // x may be dst
	f.Axpy(from, x, 1, false)
	f.normBlock(f.Backend, []backend.Buffer{dst, mean, rstd}, []backend.Buffer{from, gamma, beta}, residual, g)
}

func (f *fused) NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, beta backend.Buffer, g backend.NormBlock, add, addParams bool) {
	composeNormGrad(f.Backend, []backend.Buffer{dx, dgamma, dbeta}, []backend.Buffer{dy, x, mean, rstd, gamma, beta}, g, add, f.addParams(addParams))
}

func (f *fused) Freeze(b backend.Buffer) { f.freeze(b) }

func (f *fused) Throttle(int) {}

func (f *fused) ReadScalars(dst []float32, src []backend.Buffer) { f.readScalars(f.Backend, dst, src) }

// The checks that the reference alone skips.
func TestFusedReferenceConforms(t *testing.T) {
	for _, c := range checks() {
		if c.missing != nil {
			t.Run(c.name, func(t *testing.T) {
				b := newFused()
				require.Empty(t, c.missing(b))
				require.NotEmpty(t, c.missing(Reference()))
				c.run(newHarness(t, nil, b))
			})
		}
	}
}

// recorder is a testing.TB that only takes notes.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

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
	affineSwapped        struct{ backend.Backend }
	gramGradHalf         struct{ backend.Backend }
	mseGradWeight        struct{ backend.Backend }
	mulNoAdd             struct{ backend.Backend }
	meanIsSum            struct{ backend.Backend }
	meanGradNoAdd        struct{ backend.Backend }
	charbonnierSharp     struct{ backend.Backend }
	charbonnierGradSharp struct{ backend.Backend }
	variationWraps       struct{ backend.Backend }
	variationGradHalf    struct{ backend.Backend }
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

func TestSuiteNoticesBrokenBackends(t *testing.T) {
	for _, m := range []struct {
		check string
		wrap  func(b backend.Backend) backend.Backend
		says  string
	}{
		{"Conv2d", func(b backend.Backend) backend.Backend { return convShifted{b} }, "Conv2d {"},
		{"Conv2d", func(b backend.Backend) backend.Backend { return convNoBias{b} }, "Conv2d {"},
		{"Conv2d", func(b backend.Backend) backend.Backend { return convStride{b} }, "Stride:2"},
		{"Conv2d", func(b backend.Backend) backend.Backend { return convImprecise{b} }, "Conv2d {"},
		{"Conv2d", func(b backend.Backend) backend.Backend { return gradInputLost{b} }, "Conv2dGradInput"},
		{"Conv2d", func(b backend.Backend) backend.Backend { return gradInputAdds{b} }, "got NaN"},
		{"Conv2d", func(b backend.Backend) backend.Backend { return gradWeightLost{b} }, "Conv2dGradWeight"},
		{"Conv2d", func(b backend.Backend) backend.Backend { return biasGradAdds{b} }, "result 1"},
		{"Conv2d", func(b backend.Backend) backend.Backend { return changesSource{b} }, "source 1 has changed"},
		{"ReflectPad", func(b backend.Backend) backend.Backend { return padReplicates{b} }, "the first at [0 0 0 0]"},
		{"ReflectPad", func(b backend.Backend) backend.Backend { return padGradLost{b} }, "ReflectPadGrad"},
		{"Upsample", func(b backend.Backend) backend.Backend { return upsampleGradMean{b} }, "UpsampleGrad"},
		{"MaxPool2", func(b backend.Backend) backend.Backend { return poolGradAll{b} }, "MaxPool2Grad"},
		{"MaxPool2", func(b backend.Backend) backend.Backend { return poolGradEdge{b} }, "got NaN"},
		{"Special/NonFinite", func(b backend.Backend) backend.Backend { return reluDropsNaN{b} }, "want NaN"},
		{"ReLU", func(b backend.Backend) backend.Backend { return reluGradAtZero{b} }, "ReLUGrad"},
		{"Special/Norm", func(b backend.Backend) backend.Backend { return normNaive{b} }, "result 1"},
		{"InstanceNorm", func(b backend.Backend) backend.Backend { return normGradNoAdd{b} }, "InstanceNormGrad add"},
		{"InstanceNorm", func(b backend.Backend) backend.Backend { return normGradParams{b} }, "result 2"},
		{"ChannelAffine", func(b backend.Backend) backend.Backend { return affineSwapped{b} }, "ChannelAffine"},
		{"Gram", func(b backend.Backend) backend.Backend { return gramGradHalf{b} }, "GramGrad"},
		{"MSE", func(b backend.Backend) backend.Backend { return mseGradWeight{b} }, "MSEGrad"},
		{"Elementwise", func(b backend.Backend) backend.Backend { return mulNoAdd{b} }, "Mul add"},
		{"Mean", func(b backend.Backend) backend.Backend { return meanIsSum{b} }, "Mean "},
		{"Mean", func(b backend.Backend) backend.Backend { return meanGradNoAdd{b} }, "MeanGrad"},
		{"Charbonnier", func(b backend.Backend) backend.Backend { return charbonnierSharp{b} }, "eps 3"},
		{"Charbonnier", func(b backend.Backend) backend.Backend { return charbonnierGradSharp{b} }, "CharbonnierGrad"},
		{"TotalVariation", func(b backend.Backend) backend.Backend { return variationWraps{b} }, "TotalVariation "},
		{"TotalVariation", func(b backend.Backend) backend.Backend { return variationGradHalf{b} }, "TotalVariationGrad"},
		{"Adam", func(b backend.Backend) backend.Backend { return adamNoCorrection{b} }, "Adam"},
		{"Adam", func(b backend.Backend) backend.Backend { return adamGuardsWeights{b} }, "guard NaN"},
		{"Adam", func(b backend.Backend) backend.Backend { return adamStops{b} }, "guard 0"},
		{"Adam", func(b backend.Backend) backend.Backend { return adamNeverClips{b} }, "squares 4"},
		{"Adam", func(b backend.Backend) backend.Backend { return adamAlwaysClips{b} }, "squares 0"},
		{"Adam", func(b backend.Backend) backend.Backend { return adamCoupled{b} }, "decay"},
		{"ReLU", func(b backend.Backend) backend.Backend { return syncFails{b} }, "lost device"},
		{"Gram", func(b backend.Backend) backend.Backend { return panics{b} }, "panic: no such thing"},
		{"Deterministic/Twice", func(b backend.Backend) backend.Backend { return panics{b} }, "panic: no such thing"},
	} {
		t.Run(fmt.Sprintf("%T", m.wrap(nil)), func(t *testing.T) {
			requireNoticed(t, m.check, m.says, func() backend.Backend { return m.wrap(Reference()) })
		})
	}
}

func TestSuiteNoticesBrokenFusion(t *testing.T) {
	t.Run("no ReLU after the convolution", func(t *testing.T) {
		requireNoticed(t, "ConvBlock", "ReLU:true", func() backend.Backend {
			f := newFused()
			f.block = func(b backend.Backend, dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
				g.ReLU = false
				composeConv(b, dst, x, w, bias, g)
			}
			return f
		})
	})
	t.Run("zeros instead of mirrored pixels", func(t *testing.T) {
		requireNoticed(t, "ConvBlock", "Reflect:true", func() backend.Backend {
			f := newFused()
			f.block = func(b backend.Backend, dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
				g.Reflect = false
				composeConv(b, dst, x, w, bias, g)
			}
			return f
		})
	})
	t.Run("residual not scaled", func(t *testing.T) {
		requireNoticed(t, "NormBlock", "Alpha:2", func() backend.Backend {
			f := newFused()
			f.normBlock = func(b backend.Backend, out, in []backend.Buffer, residual backend.Buffer, g backend.NormBlock) {
				g.Alpha = 1
				composeNorm(b, out, in, residual, g)
			}
			return f
		})
	})
	for _, check := range []string{"ConvBlock", "NormBlock"} {
		t.Run("never adds to gradients of parameters, "+check, func(t *testing.T) {
			requireNoticed(t, check, "add", func() backend.Backend {
				f := newFused()
				f.addParams = func(bool) bool { return false }
				return f
			})
		})
	}
}

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

func TestSuiteNoticesWrongScalars(t *testing.T) {
	requireNoticed(t, "Queue", "ReadScalars", func() backend.Backend {
		f := newFused()
		f.readScalars = func(b backend.Backend, dst []float32, src []backend.Buffer) {
			readEach(b, dst, src)
			dst[len(dst)-1] = dst[0]
		}
		return f
	})
}

func TestSuiteNoticesStaleFrozenWeights(t *testing.T) {
	requireNoticed(t, "Freeze", "Write", func() backend.Backend {
		return staleWeights{newFused(), make(map[backend.Buffer]backend.Buffer)}
	})
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

func TestSuiteNoticesChangingResults(t *testing.T) {
	for _, check := range []string{"Deterministic/Twice", "Deterministic/GOMAXPROCS"} {
		calls := 0
		requireNoticed(t, check, "SumSquares", func() backend.Backend {
			calls++
			return restless{Reference(), &calls}
		})
	}
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

func TestSuiteNoticesLossyMemory(t *testing.T) {
	requireNoticed(t, "Buffers/RoundTrip", "Read differs", func() backend.Backend { return lossy{Reference()} })
}

// requireNoticed runs one check of the suite and demands a failure that says so.
func requireNoticed(t *testing.T, name, says string, open func() backend.Backend) {
	t.Helper()
	for _, c := range checks() {
		if c.name == name {
			notes := &recorder{TB: t}
			c.run(newHarness(notes, func(testing.TB) backend.Backend { return open() }, open()))
			require.NotEmpty(t, notes.failures, "the suite accepts a broken backend")
			require.Contains(t, strings.Join(notes.failures, "\n"), says)
			require.LessOrEqual(t, len(notes.failures), maxFailures)
			return
		}
	}
	t.Fatalf("no check is called %s", name)
}
