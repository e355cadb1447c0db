package reference

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Small examples worked out by hand.

func tensor(r *Backend, s backend.Shape, v ...float32) backend.Buffer {
	b := r.Alloc(s)
	r.Write(b, v)
	return b
}

func elements(r *Backend, b backend.Buffer) []float32 {
	v := make([]float32, b.Shape().Len())
	r.Read(v, b)
	return v
}

func TestConv2d(t *testing.T) {
	r := New()
	x := tensor(r, backend.Shape{1, 2, 2, 3},
		1, 2, 3,
		4, 5, 6,

		10, 20, 30,
		40, 50, 60)
	w := tensor(r, backend.Shape{1, 2, 2, 2},
		1, 0,
		0, 2,

		0, 1,
		0, 0)
	bias := tensor(r, backend.Vec(1), 0.5)
	y := r.Alloc(backend.Shape{1, 1, 1, 2})
	r.Conv2d(y, x, w, bias, backend.Conv{Stride: 1})
	require.Equal(t, []float32{1 + 2*5 + 20 + 0.5, 2 + 2*6 + 30 + 0.5}, elements(r, y))

	padded := r.Alloc(backend.Shape{1, 1, 2, 2})
	r.Conv2d(padded, x, w, nil, backend.Conv{Stride: 2, Pad: 1})
	require.Equal(t, []float32{2 * 1, 2 * 3, 40, 5 + 60}, elements(r, padded))
}

func TestReflectPad(t *testing.T) {
	r := New()
	x := tensor(r, backend.Shape{1, 1, 2, 3}, 1, 2, 3, 4, 5, 6)
	y := r.Alloc(backend.Shape{1, 1, 4, 5})
	r.ReflectPad(y, x, 1)
	require.Equal(t, []float32{
		5, 4, 5, 6, 5,
		2, 1, 2, 3, 2,
		5, 4, 5, 6, 5,
		2, 1, 2, 3, 2,
	}, elements(r, y))
}

func TestUpsample(t *testing.T) {
	r := New()
	y := r.Alloc(backend.Shape{1, 1, 2, 4})
	r.Upsample(y, tensor(r, backend.Shape{1, 1, 1, 2}, 1, 2), 2)
	require.Equal(t, []float32{1, 1, 2, 2, 1, 1, 2, 2}, elements(r, y))
}

func TestMaxPool2Ties(t *testing.T) {
	r := New()
	x := tensor(r, backend.Shape{1, 1, 3, 5},
		1, 7, 0, 0, 9,
		7, 7, 0, 0, 9,
		9, 9, 9, 9, 9)
	y, dx := r.Alloc(backend.Shape{1, 1, 1, 2}), r.Alloc(x.Shape())
	r.MaxPool2(y, x)
	require.Equal(t, []float32{7, 0}, elements(r, y))
	r.MaxPool2Grad(dx, tensor(r, y.Shape(), 3, 4), x, y, false)
	require.Equal(t, []float32{
		0, 3, 4, 0, 0,
		0, 0, 0, 0, 0,
		0, 0, 0, 0, 0,
	}, elements(r, dx))
}

func TestReLU(t *testing.T) {
	r := New()
	x := tensor(r, backend.Vec(4), -1, 0, 2, float32(math.NaN()))
	r.ReLU(x, x)
	v := elements(r, x)
	require.Equal(t, []float32{0, 0, 2}, v[:3])
	require.True(t, v[3] != v[3], "NaN stays")
	dy := tensor(r, backend.Vec(4), 5, 6, 7, 8)
	r.ReLUGrad(dy, dy, tensor(r, backend.Vec(4), 0, -1, 1e-30, 2), false)
	require.Equal(t, []float32{0, 0, 7, 8}, elements(r, dy))
}

func TestInstanceNorm(t *testing.T) {
	r := New()
	x := tensor(r, backend.Shape{1, 1, 2, 2}, 1, 3, 1, 3)
	y, mean, rstd := r.Alloc(x.Shape()), r.Alloc(backend.Vec(1)), r.Alloc(backend.Vec(1))
	r.InstanceNorm(y, mean, rstd, x, tensor(r, backend.Vec(1), 10), tensor(r, backend.Vec(1), 1), 3)
	require.Equal(t, []float32{2}, elements(r, mean))
	require.Equal(t, []float32{0.5}, elements(r, rstd), "1/sqrt(1+3)")
	require.Equal(t, []float32{-4, 6, -4, 6}, elements(r, y))
}

func TestChannelAffine(t *testing.T) {
	r := New()
	s := backend.Shape{1, 2, 1, 2}
	y, scale := r.Alloc(s), tensor(r, backend.Vec(2), 2, 3)
	r.ChannelAffine(y, tensor(r, s, 1, 2, 3, 4), scale, tensor(r, backend.Vec(2), 10, 20))
	require.Equal(t, []float32{12, 14, 29, 32}, elements(r, y))
	r.ChannelAffineGrad(y, tensor(r, s, 1, 1, 2, 2), scale, true)
	require.Equal(t, []float32{14, 16, 35, 38}, elements(r, y))
}

func TestGram(t *testing.T) {
	r := New()
	g := r.Alloc(backend.Shape{1, 1, 2, 2})
	r.Gram(g, tensor(r, backend.Shape{1, 2, 1, 2}, 1, 2, 3, 4))
	require.Equal(t, []float32{5. / 4, 11. / 4, 11. / 4, 25. / 4}, elements(r, g))
}

func TestMSE(t *testing.T) {
	r := New()
	y := r.Alloc(backend.Scalar)
	r.MSE(y, tensor(r, backend.Vec(4), 1, 2, 3, 4), tensor(r, backend.Vec(4), 5, 6, 7, 8), 0.5)
	require.Equal(t, []float32{8}, elements(r, y))
}

func TestCopyChannels(t *testing.T) {
	r := New()
	x := tensor(r, backend.Shape{1, 3, 1, 2}, 1, 2, 3, 4, 5, 6)
	y := tensor(r, backend.Shape{1, 4, 1, 2}, 10, 20, 30, 40, 50, 60, 70, 80)
	r.CopyChannels(y, x, 2, 1, 2, false)
	require.Equal(t, []float32{10, 20, 30, 40, 3, 4, 5, 6}, elements(r, y))
	r.CopyChannels(y, x, 0, 2, 1, true)
	require.Equal(t, []float32{15, 26, 30, 40, 3, 4, 5, 6}, elements(r, y))
}

func TestCurves(t *testing.T) {
	r := New()
	x := tensor(r, backend.Vec(2), 0, float32(math.Log(3)))
	y := r.Alloc(x.Shape())
	r.Sigmoid(y, x)
	require.InDeltaSlice(t, []float32{0.5, 0.75}, elements(r, y), 1e-7)
	r.Tanh(y, x) // (3-1/3)/(3+1/3)
	require.InDeltaSlice(t, []float32{0, 0.8}, elements(r, y), 1e-7)
	r.Mask(y, tensor(r, backend.Vec(2), 3, 5), tensor(r, backend.Scalar, 2), true)
	require.InDeltaSlice(t, []float32{6, 10.8}, elements(r, y), 1e-6)
}

func TestWarp(t *testing.T) {
	r := New()
	x := tensor(r, backend.Shape{1, 1, 2, 3}, 1, 2, 3, 10, 20, 30)
	nan := float32(math.NaN())
	// Half a pixel to the right; up one row; out to the left by a half; far away.
	flow := tensor(r, backend.Shape{1, 2, 1, 5}, 0.5, 0, -2.5, 100, nan, 0, 1, 0, 100, 0)
	y := r.Alloc(backend.Shape{1, 1, 1, 5})
	r.Warp(y, x, flow, backend.BorderZero)
	require.Equal(t, []float32{1.5, 20, 0.5, 0, 0}, elements(r, y))
	r.Warp(y, x, flow, backend.BorderEdge)
	require.Equal(t, []float32{1.5, 20, 1, 30, 1}, elements(r, y))
	r.WarpMask(y, flow, 2, 3)
	require.Equal(t, []float32{1, 1, 0, 0, 0}, elements(r, y))
	d := r.Alloc(x.Shape())
	r.WarpGrad(d, tensor(r, y.Shape(), 2, 3, 4, 5, 6), flow, backend.BorderZero, false)
	require.Equal(t, []float32{1 + 2, 1, 0, 0, 3, 0}, elements(r, d))
	f := r.Alloc(flow.Shape())
	r.WarpFlowGrad(f, tensor(r, y.Shape(), 2, 3, 4, 5, 6), x, flow, backend.BorderZero, false)
	require.Equal(t, []float32{2 * 1, 3 * 10, 4 * 1, 0, 0, 2 * 13.5, 3 * -20, 4 * 4.5, 0, 0}, elements(r, f))
}

func TestLosses(t *testing.T) {
	r := New()
	y := r.Alloc(backend.Scalar)
	r.Mean(y, tensor(r, backend.Vec(4), 1, 2, 3, 6), 0.5)
	require.Equal(t, []float32{1.5}, elements(r, y))
	a, b := tensor(r, backend.Vec(2), 1, 10), tensor(r, backend.Vec(2), 4, 10)
	r.Charbonnier(y, a, b, 2, 0)
	require.Equal(t, []float32{3}, elements(r, y))
	r.Charbonnier(y, a, b, 2, 4)
	require.Equal(t, []float32{5 + 4}, elements(r, y))
	d := r.Alloc(backend.Vec(2))
	r.CharbonnierGrad(d, tensor(r, backend.Scalar, 1), a, b, 2, 0, false)
	require.Equal(t, []float32{-1, 0}, elements(r, d))
	r.TotalVariation(y, tensor(r, backend.Shape{1, 2, 2, 2}, 0, 1, 3, 7, 5, 5, 5, 5), 8)
	require.Equal(t, []float32{1 + 16 + 9 + 36}, elements(r, y))
	r.AbsVariation(y, tensor(r, backend.Shape{1, 2, 2, 2}, 0, 1, 3, 7, 5, 5, 5, 5), 8, 0)
	require.Equal(t, []float32{1 + 4 + 3 + 6}, elements(r, y))
	r.AbsVariation(y, tensor(r, backend.Shape{1, 1, 2, 2}, 0, 3, 3, 3), 4, 4)
	require.Equal(t, []float32{5 + 5 + 4 + 4}, elements(r, y))
	d = r.Alloc(backend.Shape{1, 1, 2, 2})
	r.AbsVariationGrad(d, tensor(r, backend.Scalar, 1), tensor(r, d.Shape(), 0, 3, 3, 3), 4, 0, false)
	require.Equal(t, []float32{-2, 1, 1, 0}, elements(r, d))
}

func TestElementwise(t *testing.T) {
	r := New()
	a, b := tensor(r, backend.Vec(2), 1, 2), tensor(r, backend.Vec(2), 10, 20)
	r.Add(a, a, b)
	require.Equal(t, []float32{11, 22}, elements(r, a))
	r.Axpy(a, b, -0.5, true)
	require.Equal(t, []float32{6, 12}, elements(r, a))
	r.Axpy(a, b, 2, false)
	require.Equal(t, []float32{20, 40}, elements(r, a))
	r.Mul(a, b, b, true)
	require.Equal(t, []float32{120, 440}, elements(r, a))
	sum := r.Alloc(backend.Scalar)
	r.SumSquares(sum, b)
	require.Equal(t, []float32{500}, elements(r, sum))
	r.Fill(a, 7)
	require.Equal(t, []float32{7, 7}, elements(r, a))
}

// The first step of Adam moves by the learning rate against the gradient's sign.
func TestAdam(t *testing.T) {
	r := New()
	w, m, v := tensor(r, backend.Vec(3), 1, 1, 1), tensor(r, backend.Vec(3), 0, 0, 0), tensor(r, backend.Vec(3), 0, 0, 0)
	p := backend.AdamParams{Beta1: 0.5, Beta2: 0.75, StepSize: 0.125 / 0.5, InvSqrtCorrection2: 2}
	p.Eps = 1e-30
	r.Adam(w, m, v, tensor(r, backend.Vec(3), 4, -8, 0), nil, p)
	require.Equal(t, []float32{2, -4, 0}, elements(r, m))
	require.Equal(t, []float32{4, 16, 0}, elements(r, v))
	require.Equal(t, []float32{0.875, 1.125, 1}, elements(r, w))
	for _, guard := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		r.Adam(w, m, v, tensor(r, backend.Vec(3), 4, -8, 0), tensor(r, backend.Scalar, float32(guard)), p)
		require.Equal(t, []float32{2, -4, 0}, elements(r, m))
		require.Equal(t, []float32{0.875, 1.125, 1}, elements(r, w))
	}
}

func TestMisusePanics(t *testing.T) {
	r := New()
	x, y := r.Alloc(backend.Shape{1, 3, 4, 4}), r.Alloc(backend.Shape{1, 3, 4, 4})
	freed := r.Alloc(backend.Scalar)
	r.Free(freed)
	for name, misuse := range map[string]func(){
		"empty shape":          func() { r.Alloc(backend.Shape{1, 0, 2, 2}) },
		"double free":          func() { r.Free(freed) },
		"use after free":       func() { r.Fill(freed, 1) },
		"foreign buffer":       func() { New().Fill(x, 1) },
		"short write":          func() { r.Write(x, make([]float32, 3)) },
		"short read":           func() { r.Read(make([]float32, 3), x) },
		"result of wrong size": func() { r.MaxPool2(y, x) },
		"operands differ":      func() { r.Add(x, y, r.Alloc(backend.Scalar)) },
		"aliased destination":  func() { r.ReflectPad(x, x, 0) },
		"pad too wide":         func() { r.ReflectPad(y, x, 4) },
		"no such channels":     func() { r.CopyChannels(r.Alloc(x.Shape()), x, 0, 2, 2, false) },
		"no upsampling":        func() { r.Upsample(y, x, 0) },
		"too small to pool":    func() { r.MaxPool2(y, r.Alloc(backend.Shape{1, 3, 1, 8})) },
		"channels differ":      func() { r.Conv2d(y, x, r.Alloc(backend.Shape{3, 2, 1, 1}), nil, backend.Conv{Stride: 1}) },
		"kernel too large":     func() { r.Conv2d(y, x, r.Alloc(backend.Shape{3, 3, 5, 5}), nil, backend.Conv{Stride: 1}) },
		"no stride":            func() { r.Conv2d(y, x, r.Alloc(backend.Shape{3, 3, 1, 1}), nil, backend.Conv{}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				err, ok := recover().(*Error)
				require.True(t, ok, "panics with an *Error")
				require.Contains(t, err.Error(), "BUG: reference: ")
			}()
			misuse()
		})
	}
}

func TestBuffers(t *testing.T) {
	r := New()
	b := r.Alloc(backend.Vec(2))
	require.Equal(t, 1, r.Live())
	require.True(t, math.IsNaN(float64(elements(r, b)[0])), "fresh buffers are poisoned")
	r.Free(b)
	require.Zero(t, r.Live())
	r.Alloc(backend.Scalar)
	require.NoError(t, r.Sync())
	require.NoError(t, r.Close())
	require.Zero(t, r.Live())
	require.Equal(t, "reference (float64)", r.Name())
}
