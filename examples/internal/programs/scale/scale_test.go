package scale

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/ranks"
	"github.com/impasto-go/impasto/vgg"
)

// TestModel compares with times computed by hand.
func TestModel(t *testing.T) {
	l := link{1e-3, 1e6}
	require.Zero(t, l.sum(1000, 1))
	require.InDelta(t, 5e-3, l.sum(1000, 2), 1e-12)  // 1 ms and 4000 bytes
	require.InDelta(t, 15e-3, l.sum(1000, 8), 1e-12) // three rounds
	require.InDelta(t, 15e-3, l.sum(1000, 3), 1e-12) // one, and one before and after
	require.InDelta(t, 83e-3, l.sum(20_000, 2), 1e-12)
	m := model{compute: 0.1, fixed: 0.01, batch: 8, buckets: []int{1000, 250}, link: l}
	require.InDelta(t, 0.81, m.step(1), 1e-12)
	require.InDelta(t, 0.41+0.005+0.002, m.step(2), 1e-12)
	require.InDelta(t, 0.11+0.015+0.006, m.step(8), 1e-12)
	require.Equal(t, 8, m.stop(), "there are no more pictures than that")
	sum := 0
	for _, n := range buckets(netFloats) {
		sum += n
	}
	require.Equal(t, netFloats+tail, sum)
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	m := model{compute: 0.25, batch: 32, buckets: buckets(netFloats)}
	m.table(&b, 50e-6, []float64{1, 100})
	require.Contains(t, b.String(), "| 1 | 8 s, 1.0x | 8 s, 1.0x |\n")
	require.Contains(t, b.String(), "| pays up to | 32 | 32 |\n")
	for _, args := range [][]string{{"-gbit", "x"}, {"-batch", "0"}} {
		require.Error(t, Run(context.Background(), args))
	}
	require.NoError(t, Run(context.Background(), nil))
}

// TestMeasure takes steps with two processes of this one, and wants the sums that they
// exchange to be those of the model.
func TestMeasure(t *testing.T) {
	w := work{size: 16, layers: train.EqualLayers(vgg.Relu12), repeats: 1}
	m := model{batch: 2, buckets: buckets(netFloats), link: link{50e-6, 1e9 / 8}}
	together := func(w work) (counted [2]*counter, err error) {
		var all sync.WaitGroup
		var errs [2]error
		for i, g := range ranks.InProcess(2) {
			counted[i] = &counter{Group: g}
			all.Go(func() { errs[i] = steps(counted[i], m, w) })
		}
		all.Wait()
		return counted, errors.Join(errs[:]...)
	}
	counted, err := together(w)
	require.NoError(t, err)
	for _, c := range counted {
		once := c.lengths[:slices.Index(c.lengths, 1)] // the sum of two losses comes next
		require.Len(t, once, len(m.buckets))
		total := 0
		for _, n := range once {
			total += n
		}
		require.GreaterOrEqual(t, total, netFloats)
		require.LessOrEqual(t, total, netFloats+tail)
	}
	w.most = 1e-12
	_, err = together(w)
	require.ErrorContains(t, err, "more than")
	require.ErrorContains(t, steps(ranks.InProcess(2)[0], model{batch: 1}, w), "-batch 1")
	require.NoError(t, steps(ranks.One{}, model{batch: 1}, w))
}
