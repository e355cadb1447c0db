package train_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/vgg"
)

// gradients returns those of one step whose losses are scaled.
func gradients(t *testing.T, scale float64) [][]float32 {
	cfg := small()
	cfg.ContentWeight, cfg.StyleWeight = scale, scale
	trainer := newTrainer(t, newCPU(t), cfg, 1)
	_, err := trainer.Step(batchOf(2, 16, 1))
	require.NoError(t, err)
	var list [][]float32
	for _, p := range trainer.Network().Params() {
		list = append(list, p.Tensor.Grad())
	}
	return list
}

// TestDenormalGradients scales the losses so far down that the backward pass runs
// on denormal numbers. Nothing is flushed to zero: precision goes bit by bit, as
// the spacing of 2^-149 has it.
func TestDenormalGradients(t *testing.T) {
	want := gradients(t, 1)
	for exponent, bound := range map[int]float64{-80: 0, -100: 1e-5, -110: 1e-3, -115: 0.05} {
		scale := math.Ldexp(1, exponent)
		denormal := 0
		var diff, norm float64
		for i, g := range gradients(t, scale) {
			for k, v := range g {
				if v != 0 && math.Abs(float64(v)) < math.Ldexp(1, -126) {
					denormal++
				}
				w := float64(want[i][k])
				d := float64(v)/scale - w
				diff, norm = diff+d*d, norm+w*w
			}
		}
		require.LessOrEqual(t, math.Sqrt(diff/norm), bound, "losses times 2^%d", exponent)
		if exponent == -115 {
			require.Greater(t, denormal, 500, "the gradients are not denormal")
		}
	}
}

// BenchmarkDenormals compares steps with normal and with denormal gradients, on one
// thread.
func BenchmarkDenormals(b *testing.B) {
	for name, scale := range map[string]float64{"normal": 1, "denormal": math.Ldexp(1, -115)} {
		b.Run(name, func(b *testing.B) {
			be := tensor.CPU(tensor.Threads(1))
			defer be.Close()
			cfg := small()
			cfg.ImageSize, cfg.StyleSize, cfg.ContentWeight, cfg.StyleWeight = 64, 64, scale, scale
			trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{8, 16, 32}, 2, 1),
				vgg.Random(be, 1, vgg.Relu22), picture(64, 64, 5), pictures(7), cfg)
			require.NoError(b, err)
			defer trainer.Close()
			batch := batchOf(2, 64, 1)
			for b.Loop() {
				if _, err := trainer.Step(batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
