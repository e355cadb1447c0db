package backendtest

import (
	"fmt"
	"testing"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Bench times the operations of the backend opened by open at the sizes of VGG-19
// on 256x256 images, batch 4, and of the style network on a 960x540 image.
// Convolutions and Gram matrices report GFLOP/s, counting two operations per
// multiplication of the direct algorithm, the others GB/s, counting every operand
// once. The time includes waiting for the device.
func Bench(b *testing.B, open func(t testing.TB) backend.Backend) {
	be := open(b)
	defer closeBackend(b, be)
	for _, r := range []convRow{
		{backend.Shape{4, 3, 256, 256}, 64, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
		{backend.Shape{4, 64, 256, 256}, 64, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
		{backend.Shape{4, 128, 128, 128}, 128, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
		{backend.Shape{4, 256, 64, 64}, 256, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
		{backend.Shape{4, 512, 32, 32}, 512, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
		{backend.Shape{4, 512, 16, 16}, 512, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
		{backend.Shape{1, 3, 548, 968}, 8, 9, 9, backend.Conv{Stride: 1}},
		{backend.Shape{1, 8, 542, 962}, 16, 3, 3, backend.Conv{Stride: 2}},
		{backend.Shape{1, 16, 272, 482}, 32, 3, 3, backend.Conv{Stride: 2}},
		{backend.Shape{1, 32, 137, 242}, 32, 3, 3, backend.Conv{Stride: 1}},
		{backend.Shape{1, 8, 548, 968}, 3, 9, 9, backend.Conv{Stride: 1}},
	} {
		benchConv(b, be, r)
	}
	for _, s := range []backend.Shape{{4, 64, 256, 256}, {1, 8, 540, 960}} {
		benchImage(b, be, s)
	}
}

// operands allocates buffers for a benchmark and frees them after it.
func operands(b *testing.B, be backend.Backend, shapes ...backend.Shape) []backend.Buffer {
	g := newGen("Bench")
	bufs := make([]backend.Buffer, len(shapes))
	for i, s := range shapes {
		bufs[i] = upload(be, []value{g.normal(s)})[0]
		b.Cleanup(func() { be.Free(bufs[i]) })
	}
	return bufs
}

// measure times f, after a first run that is not counted, and reports work,
// such as floating-point operations, per nanosecond.
func measure(b *testing.B, be backend.Backend, work float64, unit string, f func()) {
	step := func() {
		f()
		if err := be.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	step()
	for b.Loop() {
		step()
	}
	b.ReportMetric(work*float64(b.N)/float64(b.Elapsed().Nanoseconds()), unit)
}

func benchConv(b *testing.B, be backend.Backend, r convRow) {
	ws := r.weight()
	ys := r.conv.Out(r.x, ws)
	flops := 2 * float64(r.work())
	name := func(op string) string { return fmt.Sprintf("%s/%v-%d-k%ds%d", op, r.x, r.out, r.kh, r.conv.Stride) }
	b.Run(name("Conv2d"), func(b *testing.B) {
		o := operands(b, be, ys, r.x, ws, backend.Vec(r.out))
		measure(b, be, flops, "GFLOP/s", func() { be.Conv2d(o[0], o[1], o[2], o[3], r.conv) })
	})
	b.Run(name("Conv2dGradInput"), func(b *testing.B) {
		o := operands(b, be, r.x, ys, ws)
		measure(b, be, flops, "GFLOP/s", func() { be.Conv2dGradInput(o[0], o[1], o[2], r.conv, false) })
	})
	b.Run(name("Conv2dGradWeight"), func(b *testing.B) {
		o := operands(b, be, ws, backend.Vec(r.out), r.x, ys)
		measure(b, be, flops, "GFLOP/s", func() { be.Conv2dGradWeight(o[0], o[1], o[2], o[3], r.conv, false) })
	})
}

func benchImage(b *testing.B, be backend.Backend, s backend.Shape) {
	vec, stats, gs := backend.Vec(s[1]), statsShape(s), backend.Shape{s[0], 1, s[1], s[1]}
	padded := backend.Shape{s[0], s[1], s[2] + 8, s[3] + 8}
	half := backend.Shape{s[0], s[1], s[2] / 2, s[3] / 2}
	gramFlops := 2 * float64(s.Len()*s[1])
	bytes := func(shapes ...backend.Shape) float64 {
		n := 0
		for _, s := range shapes {
			n += 4 * s.Len()
		}
		return float64(n)
	}
	run := func(op string, work float64, unit string, shapes []backend.Shape, f func(o []backend.Buffer)) {
		b.Run(fmt.Sprintf("%s/%v", op, s), func(b *testing.B) {
			o := operands(b, be, shapes...)
			measure(b, be, work, unit, func() { f(o) })
		})
	}
	stream := func(op string, shapes []backend.Shape, f func(o []backend.Buffer)) {
		run(op, bytes(shapes...), "GB/s", shapes, f)
	}
	stream("ReLU", []backend.Shape{s, s}, func(o []backend.Buffer) { be.ReLU(o[0], o[1]) })
	stream("ReLUGrad", []backend.Shape{s, s, s}, func(o []backend.Buffer) { be.ReLUGrad(o[0], o[1], o[2], false) })
	stream("Add", []backend.Shape{s, s, s}, func(o []backend.Buffer) { be.Add(o[0], o[1], o[2]) })
	stream("MaxPool2", []backend.Shape{half, s}, func(o []backend.Buffer) { be.MaxPool2(o[0], o[1]) })
	pooled := false
	stream("MaxPool2Grad", []backend.Shape{s, half, s, half}, func(o []backend.Buffer) {
		if !pooled { // the gradient needs true maxima; measure does not count its first call
			be.MaxPool2(o[3], o[2])
			pooled = true
		}
		be.MaxPool2Grad(o[0], o[1], o[2], o[3], false)
	})
	stream("ReflectPad", []backend.Shape{padded, s}, func(o []backend.Buffer) { be.ReflectPad(o[0], o[1], 4) })
	stream("ReflectPadGrad", []backend.Shape{s, padded}, func(o []backend.Buffer) { be.ReflectPadGrad(o[0], o[1], 4, false) })
	stream("Upsample", []backend.Shape{s, half}, func(o []backend.Buffer) { be.Upsample(o[0], o[1], 2) })
	stream("UpsampleGrad", []backend.Shape{half, s}, func(o []backend.Buffer) { be.UpsampleGrad(o[0], o[1], 2, false) })
	stream("ChannelAffine", []backend.Shape{s, s, vec, vec}, func(o []backend.Buffer) { be.ChannelAffine(o[0], o[1], o[2], o[3]) })
	stream("InstanceNorm", []backend.Shape{s, stats, stats, s, vec, vec}, func(o []backend.Buffer) {
		be.InstanceNorm(o[0], o[1], o[2], o[3], o[4], o[5], normEps)
	})
	stream("InstanceNormGrad", []backend.Shape{s, vec, vec, s, s, stats, stats, vec}, func(o []backend.Buffer) {
		be.InstanceNormGrad(o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7], false, false)
	})
	stream("MSE", []backend.Shape{backend.Scalar, s, s}, func(o []backend.Buffer) { be.MSE(o[0], o[1], o[2], 1) })
	stream("MSEGrad", []backend.Shape{s, backend.Scalar, s, s}, func(o []backend.Buffer) {
		be.MSEGrad(o[0], o[1], o[2], o[3], 1, false)
	})
	run("Gram", gramFlops, "GFLOP/s", []backend.Shape{gs, s}, func(o []backend.Buffer) { be.Gram(o[0], o[1]) })
	run("GramGrad", gramFlops, "GFLOP/s", []backend.Shape{s, gs, s}, func(o []backend.Buffer) { be.GramGrad(o[0], o[1], o[2], false) })
}
