package backendtest

import (
	"fmt"
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
		{"Warp", func(b backend.Backend) backend.Backend { return warpTransposed{b} }, "Warp border"},
		{"Warp", func(b backend.Backend) backend.Backend { return warpGradZero{b} }, "WarpGrad border 1"},
		{"Warp", func(b backend.Backend) backend.Backend { return warpFlowGradNoAdd{b} }, "WarpFlowGrad border 0 add"},
		{"Warp", func(b backend.Backend) backend.Backend { return warpMaskWide{b} }, "WarpMask"},
		{"Mask", func(b backend.Backend) backend.Backend { return maskNoAdd{b} }, "Mask add"},
		{"Concat", func(b backend.Backend) backend.Backend { return copyFirst{b} }, "CopyChannels"},
		{"Concat", func(b backend.Backend) backend.Backend { return copyClears{b} }, "CopyChannels"},
		{"Tanh", func(b backend.Backend) backend.Backend { return tanhSoft{b} }, "Tanh "},
		{"Tanh", func(b backend.Backend) backend.Backend { return tanhGradOfInput{b} }, "TanhGrad"},
		{"Sigmoid", func(b backend.Backend) backend.Backend { return sigmoidOfHalf{b} }, "Sigmoid "},
		{"Sigmoid", func(b backend.Backend) backend.Backend { return sigmoidGradSquare{b} }, "SigmoidGrad"},
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
