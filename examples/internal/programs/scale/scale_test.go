package scale

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	require.Contains(t, b.String(), "| 1 | 8e+03 ms, 1.0x | 8e+03 ms, 1.0x |\n")
	require.Contains(t, b.String(), "| pays up to | 32 | 32 |\n")
	for _, args := range [][]string{{"-gbit", "x"}, {"-batch", "0"}} {
		require.Error(t, Run(context.Background(), args))
	}
	require.NoError(t, Run(context.Background(), nil))
}

// TestMeasure takes steps with two processes of this one, and wants the sums that they
// exchange to be those of the model.
func TestMeasure(t *testing.T) {
	groups := ranks.InProcess(2)
	w := work{size: 16, layers: train.EqualLayers(vgg.Relu12), repeats: 1}
	m := model{batch: 2, buckets: buckets(netFloats), link: link{50e-6, 1e9 / 8}}
	var all sync.WaitGroup
	errs := make([]error, len(groups))
	for i, g := range groups {
		all.Go(func() {
			counted := &counter{Group: g}
			errs[i] = steps(counted, m, w)
			once := counted.lengths[:slices.Index(counted.lengths, 1)] // the sum of two losses comes next
			total := 0
			for _, n := range once {
				total += n
			}
			if len(once) != len(m.buckets) || total < netFloats || total > netFloats+tail {
				errs[i] = fmt.Errorf("sums of %v", once)
			}
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	require.ErrorContains(t, steps(groups[0], model{batch: 1}, w), "-batch 1")
	w.most = 1e-12
	require.ErrorContains(t, steps(ranks.One{}, model{batch: 1}, w), "more than")
}
