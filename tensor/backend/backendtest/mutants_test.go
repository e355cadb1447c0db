package backendtest

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

// fused is the reference with all optional interfaces, composed of primitives.
type fused struct{ backend.Backend }

func newFused() *fused { return &fused{Reference()} }

func (f *fused) ConvBlock(dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
	composeConv(f.Backend, dst, x, w, bias, g)
}

func (f *fused) ConvBlockGradInput(dx, dy, y, w backend.Buffer, g backend.ConvBlock, add bool) {
	composeConvGradInput(f.Backend, dx, maskGrad(f.Backend, dy, y, g), w, g, add)
}

func (f *fused) ConvBlockGradWeight(dw, dbias, x, dy, y backend.Buffer, g backend.ConvBlock, add bool) {
	b := f.Backend
	b.Conv2dGradWeight(dw, dbias, expand(b, x, g), maskGrad(b, dy, y, g), convolution(g), add)
}

func (f *fused) ConvBlockPool(dst, pooled, x, w, bias backend.Buffer, g backend.ConvBlock) {
	f.ConvBlock(dst, x, w, bias, g)
	f.MaxPool2(pooled, dst)
}

func (f *fused) ConvBlockGradInputGated(dx, dy, y, w, x backend.Buffer, g backend.ConvBlock, add bool) {
	f.ConvBlockGradInput(dx, dy, y, w, g, add)
	f.ReLUGrad(dx, dx, x, false)
}

func (f *fused) GramGradGated(dx, dg, x backend.Buffer, add bool) {
	f.GramGrad(dx, dg, x, add)
	f.ReLUGrad(dx, dx, x, false)
}

func (f *fused) NormBlock(dst, mean, rstd, x, gamma, beta, residual backend.Buffer, g backend.NormBlock) {
	from := f.Alloc(x.Shape()) // x may be dst
	f.Axpy(from, x, 1, false)
	composeNorm(f.Backend, []backend.Buffer{dst, mean, rstd}, []backend.Buffer{from, gamma, beta}, residual, g)
}

func (f *fused) NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, beta backend.Buffer, g backend.NormBlock, add, addParams bool) {
	composeNormGrad(f.Backend, []backend.Buffer{dx, dgamma, dbeta}, []backend.Buffer{dy, x, mean, rstd, gamma, beta}, g, add, addParams)
}

func (f *fused) Freeze(backend.Buffer) {}

func (f *fused) Throttle(int) {}

func (f *fused) ReadScalars(dst []float32, src []backend.Buffer) { readEach(f.Backend, dst, src) }

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

// mutant is a backend with one bug, and how the suite must notice it.
type mutant struct {
	check string // that fails
	says  string // what it says
	open  func() backend.Backend
}

func mutants() []mutant {
	times := 0
	return []mutant{
		{"Conv2d", "Conv2d {", func() backend.Backend { return convShifted{Reference()} }},
		{"Conv2d", "Conv2d {", func() backend.Backend { return convNoBias{Reference()} }},
		{"Conv2d", "Stride:2", func() backend.Backend { return convStride{Reference()} }},
		{"Conv2d", "Conv2d {", func() backend.Backend { return convImprecise{Reference()} }},
		{"Conv2d", "Conv2dGradInput", func() backend.Backend { return gradInputLost{Reference()} }},
		{"Conv2d", "got NaN", func() backend.Backend { return gradInputAdds{Reference()} }},
		{"Conv2d", "Conv2dGradWeight", func() backend.Backend { return gradWeightLost{Reference()} }},
		{"Conv2d", "result 1", func() backend.Backend { return biasGradAdds{Reference()} }},
		{"Conv2d", "source 1 has changed", func() backend.Backend { return changesSource{Reference()} }},
		{"ReflectPad", "the first at [0 0 0 0]", func() backend.Backend { return padReplicates{Reference()} }},
		{"ReflectPad", "ReflectPadGrad", func() backend.Backend { return padGradLost{Reference()} }},
		{"Upsample", "UpsampleGrad", func() backend.Backend { return upsampleGradMean{Reference()} }},
		{"MaxPool2", "MaxPool2Grad", func() backend.Backend { return poolGradAll{Reference()} }},
		{"MaxPool2", "got NaN", func() backend.Backend { return poolGradEdge{Reference()} }},
		{"Special/NonFinite", "want NaN", func() backend.Backend { return reluDropsNaN{Reference()} }},
		{"ReLU", "ReLUGrad", func() backend.Backend { return reluGradAtZero{Reference()} }},
		{"Special/Norm", "result 1", func() backend.Backend { return normNaive{Reference()} }},
		{"InstanceNorm", "InstanceNormGrad add", func() backend.Backend { return normGradNoAdd{Reference()} }},
		{"InstanceNorm", "result 2", func() backend.Backend { return normGradParams{Reference()} }},
		{"Elementwise", "Fill", func() backend.Backend { return fillTail{Reference()} }},
		{"Elementwise", "Add ", func() backend.Backend { return addTail{Reference()} }},
		{"Elementwise", "Axpy 1 add", func() backend.Backend { return axpyNoAdd{Reference()} }},
		{"Upsample", "Upsample ", func() backend.Backend { return upsampleMirrored{Reference()} }},
		{"MaxPool2", "MaxPool2 ", func() backend.Backend { return poolFirst{Reference()} }},
		{"ChannelAffine", "ChannelAffineGrad add", func() backend.Backend { return affineGradNoAdd{Reference()} }},
		{"MSE", "MSE ", func() backend.Backend { return mseUnweighted{Reference()} }},
		{"ChannelAffine", "ChannelAffine", func() backend.Backend { return affineSwapped{Reference()} }},
		{"Gram", "GramGrad", func() backend.Backend { return gramGradHalf{Reference()} }},
		{"MSE", "MSEGrad", func() backend.Backend { return mseGradWeight{Reference()} }},
		{"Elementwise", "Mul add", func() backend.Backend { return mulNoAdd{Reference()} }},
		{"Warp", "Warp border", func() backend.Backend { return warpTransposed{Reference()} }},
		{"Warp", "WarpGrad border 1", func() backend.Backend { return warpGradZero{Reference()} }},
		{"Warp", "WarpFlowGrad border 0 add", func() backend.Backend { return warpFlowGradNoAdd{Reference()} }},
		{"Warp", "WarpMask", func() backend.Backend { return warpMaskWide{Reference()} }},
		{"Mask", "Mask add", func() backend.Backend { return maskNoAdd{Reference()} }},
		{"Concat", "CopyChannels", func() backend.Backend { return copyFirst{Reference()} }},
		{"Concat", "CopyChannels", func() backend.Backend { return copyClears{Reference()} }},
		{"Tanh", "Tanh ", func() backend.Backend { return tanhSoft{Reference()} }},
		{"Tanh", "TanhGrad", func() backend.Backend { return tanhGradOfInput{Reference()} }},
		{"Sigmoid", "Sigmoid ", func() backend.Backend { return sigmoidOfHalf{Reference()} }},
		{"Sigmoid", "SigmoidGrad", func() backend.Backend { return sigmoidGradSquare{Reference()} }},
		{"Mean", "Mean ", func() backend.Backend { return meanIsSum{Reference()} }},
		{"Mean", "MeanGrad", func() backend.Backend { return meanGradNoAdd{Reference()} }},
		{"Charbonnier", "eps 3", func() backend.Backend { return charbonnierSharp{Reference()} }},
		{"Charbonnier", "CharbonnierGrad", func() backend.Backend { return charbonnierGradSharp{Reference()} }},
		{"TotalVariation", "TotalVariation ", func() backend.Backend { return variationWraps{Reference()} }},
		{"TotalVariation", "TotalVariationGrad", func() backend.Backend { return variationGradHalf{Reference()} }},
		{"AbsVariation", "AbsVariation ", func() backend.Backend { return absVariationEdges{Reference()} }},
		{"AbsVariation", "AbsVariationGrad", func() backend.Backend { return absVariationSharp{Reference()} }},
		{"Adam", "Adam", func() backend.Backend { return adamNoCorrection{Reference()} }},
		{"Adam", "guard NaN", func() backend.Backend { return adamGuardsWeights{Reference()} }},
		{"Adam", "guard 0", func() backend.Backend { return adamStops{Reference()} }},
		{"Adam", "squares 4", func() backend.Backend { return adamNeverClips{Reference()} }},
		{"Adam", "squares 0", func() backend.Backend { return adamAlwaysClips{Reference()} }},
		{"Adam", "decay", func() backend.Backend { return adamCoupled{Reference()} }},
		{"ReLU", "lost device", func() backend.Backend { return syncFails{Reference()} }},
		{"Gram", "panic: no such thing", func() backend.Backend { return panics{Reference()} }},
		{"Deterministic/Twice", "panic: no such thing", func() backend.Backend { return panics{Reference()} }},
		{"Buffers/RoundTrip", "Read differs", func() backend.Backend { return lossy{Reference()} }},
		{"Deterministic/Twice", "SumSquares", func() backend.Backend { return restless{Reference(), &times} }},
		{"Deterministic/GOMAXPROCS", "SumSquares", func() backend.Backend { return restless{Reference(), &times} }},
		{"ConvBlock", "ReLU:true", func() backend.Backend { return blockNoReLU{newFused()} }},
		{"ConvBlock", "Reflect:true", func() backend.Backend { return blockZeros{newFused()} }},
		{"ConvBlock", "ConvBlockGradInput", func() backend.Backend { return blockGradUnmasked{newFused()} }},
		{"ConvBlock", "add", func() backend.Backend { return blockGradNoAdd{newFused()} }},
		{"ConvPooler", "result 1", func() backend.Backend { return poolsBefore{newFused()} }},
		{"GradGater", "ConvBlockGradInputGated", func() backend.Backend { return gradUngated{newFused()} }},
		{"GradGater", "GramGradGated add", func() backend.Backend { return gramGatedAlone{newFused()} }},
		{"NormBlock", "Alpha:2", func() backend.Backend { return normResidualUnscaled{newFused()} }},
		{"NormBlock", "add", func() backend.Backend { return normBlockGradNoAdd{newFused()} }},
		{"Queue", "ReadScalars", func() backend.Backend { return wrongScalar{newFused()} }},
		{"Freeze", "Write", func() backend.Backend { return staleWeights{newFused(), map[backend.Buffer]backend.Buffer{}} }},
	}
}

func TestSuiteNoticesBrokenBackends(t *testing.T) {
	for _, m := range mutants() {
		t.Run(fmt.Sprintf("%s/%T", m.check, m.open()), func(t *testing.T) { requireNoticed(t, m.check, m.says, m.open) })
	}
}

// TestEveryOperationIsTested holds the suite against the contract: every method has
// calls that are described by its name, and a mutant that breaks it.
func TestEveryOperationIsTested(t *testing.T) {
	called, broken := map[string]bool{}, map[string]bool{}
	for _, o := range operations() {
		for _, c := range o.calls(0) {
			called[strings.Fields(c.desc)[0]] = true
		}
	}
	for _, m := range mutants() {
		for _, method := range ownMethods(m.open()) {
			broken[method] = true
		}
	}
	for _, method := range Methods() {
		if !called[method] {
			t.Errorf("%s has no conformance case: operation.go lists none with a call whose description begins with its name", method)
		}
		if !broken[method] {
			t.Errorf("%s has no mutant: mutants lists no backend that breaks it", method)
		}
	}
}

// ownMethods returns the methods that the type of v does not take over from what it
// embeds: the compiler writes those.
func ownMethods(v any) (own []string) {
	for m := range reflect.TypeOf(v).Methods() {
		f := runtime.FuncForPC(m.Func.Pointer())
		if file, _ := f.FileLine(f.Entry()); file != "<autogenerated>" {
			own = append(own, m.Name)
		}
	}
	return own
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
