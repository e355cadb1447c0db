//go:build mpi && cgo

package train_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/train/mpi"
	"github.com/impasto-go/impasto/train/mpi/mpitest"
)

// TestMPIFollowsPyTorch repeats PyTorch's training in 1, 2 and 4 processes, of which
// some get no pictures of the last batches.
func TestMPIFollowsPyTorch(t *testing.T) {
	if !mpitest.Child(t) {
		for _, n := range []int{1, 2, 4} {
			mpitest.Run(t, n)
		}
		return
	}
	w, err := mpi.Open()
	require.NoError(t, err)
	recordedTraining(t).follow(t, newRank(t), w)
	require.NoError(t, w.Close())
}
