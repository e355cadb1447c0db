package tensor_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestShapeErrors: shapes that do not fit are errors that name the operation, and
// those beside them that do are none.
func TestShapeErrors(t *testing.T) {
	be := reference.New()
	tp := tensor.NewTape(be)
	of := func(n, c, h, w int) *tensor.Tensor { return tensor.New(be, tensor.Shape{n, c, h, w}) }
	vec := func(c int) *tensor.Tensor { return tensor.New(be, tensor.Vec(c)) }
	x := of(2, 3, 6, 5)
	conv := func(w, b *tensor.Tensor, o tensor.Conv2dOptions) func() { return func() { tp.Conv2d(x, w, b, o) } }
	norm := func(gamma, beta, residual *tensor.Tensor) func() {
		return func() { tp.InstanceNorm(x, gamma, beta, tensor.InstanceNormOptions{Residual: residual}) }
	}
	for what, c := range map[string]struct {
		op           string
		fails, works func()
	}{
		"an empty tensor":    {"new", func() { of(1, 0, 1, 1) }, func() { of(1, 1, 1, 1) }},
		"too few values":     {"write", func() { vec(3).Write(make([]float32, 2)) }, func() { vec(3).Write(make([]float32, 3)) }},
		"too many values":    {"read", func() { vec(3).Read(make([]float32, 4)) }, func() { vec(3).Read(make([]float32, 3)) }},
		"a gradient's":       {"read gradient", func() { vec(3).ReadGrad(make([]float32, 4)) }, func() { vec(3).ReadGrad(make([]float32, 3)) }},
		"a written one's":    {"write gradient", func() { vec(3).WriteGrad(make([]float32, 4)) }, func() { vec(3).WriteGrad(make([]float32, 3)) }},
		"the same number":    {"add", func() { tp.Add(x, of(2, 3, 5, 6)) }, func() { tp.Add(x, of(2, 3, 6, 5)) }},
		"other input":        {"conv2d", conv(of(4, 2, 3, 3), nil, tensor.Conv2dOptions{}), conv(of(4, 3, 3, 3), nil, tensor.Conv2dOptions{})},
		"other bias":         {"conv2d", conv(of(4, 3, 3, 3), vec(3), tensor.Conv2dOptions{}), conv(of(4, 3, 3, 3), vec(4), tensor.Conv2dOptions{})},
		"padding of -1":      {"conv2d", conv(of(4, 3, 3, 3), nil, tensor.Conv2dOptions{Padding: -1}), conv(of(4, 3, 3, 3), nil, tensor.Conv2dOptions{Padding: 1})},
		"mirrored too far":   {"conv2d", conv(of(4, 3, 3, 3), nil, tensor.Conv2dOptions{Padding: 5, Reflect: true}), conv(of(4, 3, 3, 3), nil, tensor.Conv2dOptions{Padding: 4, Reflect: true})},
		"too high a kernel":  {"conv2d", conv(of(4, 3, 9, 3), nil, tensor.Conv2dOptions{Padding: 1}), conv(of(4, 3, 8, 3), nil, tensor.Conv2dOptions{Padding: 1})},
		"too wide a kernel":  {"conv2d", conv(of(4, 3, 3, 8), nil, tensor.Conv2dOptions{Padding: 1}), conv(of(4, 3, 3, 7), nil, tensor.Conv2dOptions{Padding: 1})},
		"other gamma":        {"instancenorm", norm(vec(2), vec(3), nil), norm(vec(3), vec(3), nil)},
		"other beta":         {"instancenorm", norm(vec(3), vec(4), nil), norm(vec(3), vec(3), nil)},
		"other residual":     {"instancenorm", norm(vec(3), vec(3), of(2, 3, 5, 6)), norm(vec(3), vec(3), of(2, 3, 6, 5))},
		"one row to pool":    {"maxpool", func() { tp.MaxPool2(of(1, 1, 1, 2)) }, func() { tp.MaxPool2(of(1, 1, 2, 2)) }},
		"one column":         {"maxpool", func() { tp.MaxPool2(of(1, 1, 2, 1)) }, func() { tp.MaxPool2(of(1, 1, 3, 3)) }},
		"nothing to concat":  {"concat", func() { tp.Concat() }, func() { tp.Concat(x) }},
		"other batches":      {"concat", func() { tp.Concat(x, of(1, 3, 6, 5)) }, func() { tp.Concat(x, of(2, 1, 6, 5)) }},
		"other rows":         {"concat", func() { tp.Concat(x, of(2, 3, 5, 5)) }, func() { tp.Concat(x, x) }},
		"other columns":      {"concat", func() { tp.Concat(x, of(2, 3, 6, 6)) }, func() { tp.Concat(x, x, x) }},
		"a channel too many": {"channels", func() { tp.Channels(x, 1, 3) }, func() { tp.Channels(x, 1, 2) }},
		"no channel":         {"channels", func() { tp.Channels(x, 1, 0) }, func() { tp.Channels(x, 1, 1) }},
		"channel -1":         {"channels", func() { tp.Channels(x, -1, 1) }, func() { tp.Channels(x, 0, 1) }},
		"a wide reflection":  {"reflectpad", func() { tp.ReflectPad(x, 5) }, func() { tp.ReflectPad(x, 4) }},
		"a high one":         {"reflectpad", func() { tp.ReflectPad(of(1, 1, 2, 9), 2) }, func() { tp.ReflectPad(of(1, 1, 3, 9), 2) }},
		"one of -1":          {"reflectpad", func() { tp.ReflectPad(x, -1) }, func() { tp.ReflectPad(x, 0) }},
		"no upsampling":      {"upsample", func() { tp.Upsample(x, 0) }, func() { tp.Upsample(x, 1) }},
		"another mask":       {"mask", func() { tp.Mask(x, of(1, 1, 6, 5)) }, func() { tp.Mask(x, of(2, 1, 6, 5)) }},
		"another flow":       {"warp", func() { tp.Warp(x, of(1, 2, 4, 4), tensor.BorderZero) }, func() { tp.Warp(x, of(2, 2, 4, 4), tensor.BorderZero) }},
		"a flow of 3":        {"warp", func() { tp.Warp(x, of(2, 3, 4, 4), tensor.BorderZero) }, func() { tp.Warp(x, of(2, 2, 1, 1), tensor.BorderZero) }},
		"no image":           {"warpmask", func() { tp.WarpMask(of(2, 2, 4, 4), 0, 1) }, func() { tp.WarpMask(of(2, 2, 4, 4), 1, 1) }},
		"a flow's values":    {"affineflow", func() { tensor.AffineFlow(make([]float32, 13), 2, 3, tensor.Affine{}) }, func() { tensor.AffineFlow(make([]float32, 12), 2, 3, tensor.Affine{}) }},
		"other scale":        {"channelaffine", func() { tp.ChannelAffine(x, vec(2), vec(3)) }, func() { tp.ChannelAffine(x, vec(3), vec(3)) }},
		"other shift":        {"channelaffine", func() { tp.ChannelAffine(x, vec(3), vec(2)) }, func() { tp.ChannelAffine(x, vec(3), vec(3)) }},
		"other pictures":     {"charbonnier", func() { tp.Charbonnier(x, of(1, 3, 6, 5), 1, 1) }, func() { tp.Charbonnier(x, x, 1, 1) }},
		"a negative eps":     {"charbonnier", func() { tp.Charbonnier(x, x, 1, -1) }, func() { tp.Charbonnier(x, x, 1, 0) }},
		"a variation's":      {"absvariation", func() { tp.AbsVariation(x, 1, -1) }, func() { tp.AbsVariation(x, -1, 0) }},
		"no scalar":          {"backward", func() { tp.Backward(x) }, func() { tp.Backward(tensor.New(be, backend.Scalar)) }},
	} {
		var e *tensor.ShapeError
		require.ErrorAs(t, tensor.Try(c.fails), &e, what)
		require.Equal(t, c.op, e.Op, what)
		require.NoError(t, tensor.Try(c.works), "what lies beside %s", what)
	}
}

// TestTryPanicsOn: what is no error of shapes is not hidden.
func TestTryPanicsOn(t *testing.T) {
	fault := errors.New("of another kind")
	require.PanicsWithValue(t, fault, func() { tensor.Try(func() { panic(fault) }) })
}
