//go:build !mpi || !cgo

package mpi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/train/mpi"
)

func TestUnavailable(t *testing.T) {
	require.False(t, mpi.Built)
	_, err := mpi.Open()
	require.ErrorIs(t, err, mpi.ErrUnavailable)
	require.ErrorContains(t, err, "-tags mpi")
	require.Equal(t, 1, mpi.Started())
	t.Setenv("OMPI_COMM_WORLD_SIZE", "4")
	require.Equal(t, 4, mpi.Started())
}
