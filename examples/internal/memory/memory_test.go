package memory

import (
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

func TestCheck(t *testing.T) {
	require.NoError(t, Check(1<<20, ""))
	free, ok := available()
	require.Equal(t, runtime.GOOS == "linux" || runtime.GOOS == "windows" || runtime.GOOS == "darwin", ok)
	if !ok {
		return // nothing is refused
	}
	require.Positive(t, free)
	require.Less(t, free, int64(1<<50))
	require.NoError(t, check(4<<30, 3<<30, "memory", "an estimate may be too high"))
	require.Error(t, check(4<<30, 3<<30-1, "memory", ""))
	err := Check(math.MaxInt64/2, "take less")
	require.ErrorContains(t, err, "4611686018.4 GB of memory")
	require.ErrorContains(t, err, "free: take less")
}

// card is a backend with memory of its own, of which so much is free; none tells nothing.
type card struct {
	backend.Backend
	free int64
}

func (c card) FreeMemory() (int64, bool) { return c.free, c.free > 0 }

func TestCheckOn(t *testing.T) {
	require.NoError(t, CheckOn(card{free: 3 << 30}, 4<<30, ""))
	require.ErrorContains(t, CheckOn(card{free: 1 << 30}, 4<<30, "take less"),
		"this would take about 4.3 GB of the graphics card's memory, and 1.1 GB are free: take less")
	require.NoError(t, CheckOn(card{}, 1<<60, ""), "the driver does not tell")
	cpu := tensor.CPU()
	defer cpu.Close()
	require.Equal(t, Check(1<<60, "x"), CheckOn(cpu, 1<<60, "x"))
}
