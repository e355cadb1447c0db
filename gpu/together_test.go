//go:build gl && cgo && linux

package gpu_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/ranks"
)

// TestTrainingOnTwoDevices spreads batches of two pictures over two devices: the losses
// are those of one.
func TestTrainingOnTwoDevices(t *testing.T) {
	trained := func(n int) (losses []float64) {
		var devices []backend.Backend
		for range n {
			devices = append(devices, open(t))
		}
		errs := make([]error, n)
		var all sync.WaitGroup
		for i, m := range ranks.InProcess(n) {
			all.Go(func() {
				defer m.Leave()
				_, errs[i] = tiny(t, devices[i], func(c *train.Config) {
					c.BatchSize, c.Epochs, c.Group = 2, 2, m
					c.Events.OnStep = func(e *train.StepEvent) { losses = append(losses, e.Total()) }
				})
			})
		}
		all.Wait()
		require.NoError(t, errors.Join(errs...))
		return losses
	}
	one, two := trained(1), trained(2)
	require.Len(t, one, 4)
	require.InEpsilonSlice(t, one, two, 1e-3)
}
