package train

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWarpsAreRotationsAndScalings: over many motions, what rotates rows rotates
// columns the other way, and what stretches rows stretches columns as much. The bends
// beside that are drawn for each on its own.
func TestWarpsAreRotationsAndScalings(t *testing.T) {
	o := &Stability{opts: StabilityOptions{Warps: 1}}
	const h, w, motions = 192, 256, 100
	flow := make([]float32, 2*h*w)
	across := func(f []float32) (mean float64) { // the slope along rows
		for y := range h {
			mean += float64(f[y*w+w-1]-f[y*w]) / (w - 1) / h
		}
		return mean
	}
	down := func(f []float32) (mean float64) {
		for x := range w {
			mean += float64(f[(h-1)*w+x]-f[x]) / (h - 1) / w
		}
		return mean
	}
	var rotated, stretched float64
	for seed := range uint64(motions) {
		o.move(flow, h, w, rand.New(rand.NewPCG(seed, 0)))
		u, v := flow[:h*w], flow[h*w:]
		rotated += down(u) * across(v) / motions
		stretched += across(u) * down(v) / motions
	}
	// The variances of numbers drawn evenly from ±π/180 and ±0.02.
	require.InEpsilon(t, -1.015e-4, rotated, 0.4)
	require.InEpsilon(t, 1.333e-4, stretched, 0.4)
}
