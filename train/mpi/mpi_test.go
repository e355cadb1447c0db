//go:build mpi && cgo

package mpi_test

import (
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/train/mpi"
	"github.com/impasto-go/impasto/train/mpi/mpitest"
	"github.com/impasto-go/impasto/train/ranks"
)

// TestMPIGroup adds and shares values among 1 to 5 processes: right, on all the same
// bits, and again the same when they come at other times.
func TestMPIGroup(t *testing.T) {
	if mpitest.Child(t) {
		inGroup(t)
		return
	}
	for _, n := range []int{1, 2, 3, 4, 5} {
		out := mpitest.Run(t, n)
		sums := map[string]bool{}
		for line := range strings.Lines(out) {
			if _, sum, ok := strings.Cut(line, "sum "); ok {
				sums[sum] = true
			}
		}
		require.Len(t, sums, 1, out)
		require.Equal(t, n, strings.Count(out, "sum "), out)
	}
}

func inGroup(t *testing.T) {
	w, err := mpi.Open()
	require.NoError(t, err)
	_, err = mpi.Open()
	require.ErrorContains(t, err, "opened twice")
	require.Equal(t, mpi.Started(), w.Size())
	require.Equal(t, mpi.LocalRank(), w.Rank())
	require.Equal(t, mpi.LocalSize(), w.Size())
	value := func(rank, i int) float32 { return float32(math.Sin(float64(i * (rank + 1)))) }
	sums := map[int]uint32{}
	for round := range 20 {
		n := []int{1, 7, 108_771}[round%3]
		values := make([]float32, n)
		for i := range values {
			values[i] = value(w.Rank(), i)
		}
		if round > 10 {
			time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond)
		}
		require.NoError(t, w.AllReduce(values))
		crc := uint32(0)
		for i, v := range values {
			want := 0.0
			for r := range w.Size() {
				want += float64(value(r, i))
			}
			require.InDelta(t, want, float64(v), 1e-5)
			bits := math.Float32bits(v)
			crc = crc32.Update(crc, crc32.IEEETable, []byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
		}
		if round >= 3 {
			require.Equal(t, sums[n], crc, "another sum of the same values")
		}
		sums[n] = crc
	}
	text := []byte{byte(w.Rank()), 2, 3}
	last := w.Size() - 1
	require.NoError(t, w.Broadcast(last, text))
	require.Equal(t, []byte{byte(last), 2, 3}, text)
	require.NoError(t, w.Broadcast(0, nil))
	require.NoError(t, w.Barrier())
	texts, err := ranks.Texts(w, fmt.Sprint("rank ", w.Rank()))
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint("rank ", last), texts[last])
	require.NoError(t, w.Close())
	fmt.Println("sum", sums)
}
