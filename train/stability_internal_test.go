package train

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend/reference"
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
		o.move(flow, h, w, 0.5, rand.New(rand.NewPCG(seed, 0)))
		u, v := flow[:h*w], flow[h*w:]
		rotated += down(u) * across(v) / motions
		stretched += across(u) * down(v) / motions
	}
	// The variances of numbers drawn evenly from ±π/180 and ±0.02.
	require.InEpsilon(t, -1.015e-4, rotated, 0.4)
	require.InEpsilon(t, 1.333e-4, stretched, 0.4)
}

// TestEachBatchHasItsShare: of two pictures in four that are moved, each step moves one
// to three, and all steps together two; processes that share a batch draw what one
// process draws.
func TestEachBatchHasItsShare(t *testing.T) {
	be := reference.New()
	o, err := NewStability(StabilityOptions{Shifts: 0.25, Warps: 0.25})
	require.NoError(t, err)
	defer o.Free()
	const size, steps = 16, 1000
	still := make([]float32, 2*size*size)
	draw := func(step, first, n int) (moved []bool) {
		x := tensor.New(be, tensor.Shape{n, 3, size, size})
		defer x.Free()
		m := o.draw(&Pass{Tape: tensor.NewTape(be), Input: x, Step: step, first: first})
		for flow := range slices.Chunk(m.hostFlow, len(still)) {
			moved = append(moved, !slices.Equal(flow, still))
		}
		return moved
	}
	total := 0
	for step := range steps {
		batch, count := draw(step, 0, 4), 0
		for _, moved := range batch {
			if moved {
				count++
			}
		}
		require.Contains(t, []int{1, 2, 3}, count)
		total += count
		require.Equal(t, batch, append(draw(step, 0, 1), draw(step, 1, 3)...))
	}
	require.InEpsilon(t, 2*steps, total, 0.03)
}
