package work

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
)

// TestThreads has two steps and a frame give the same bits with every number of
// threads, more than there are cores included.
func TestThreads(t *testing.T) {
	type result struct {
		losses []float64
		frame  []float32
	}
	do := func(threads int) (r result) {
		be := tensor.CPU(tensor.Threads(threads))
		defer be.Close()
		s, err := NewStep(be, Filters{8, 16, 32}, 2, 64)
		require.NoError(t, err)
		defer s.Close()
		for range 2 { // the second shows what the gradients of the first did
			losses, err := s.Run()
			require.NoError(t, err)
			r.losses = append(r.losses, losses.Term("content"), losses.Term("style"))
		}
		f := NewFrame(be, Filters{8, 16, 32}, 192, 96)
		r.frame = f.net.Forward(f.tape, f.x).Values()
		return r
	}
	want := do(1)
	for _, threads := range []int{2, 4, 8, 16} {
		t.Run(fmt.Sprint(threads), func(t *testing.T) { require.Equal(t, want, do(threads)) })
	}
}
