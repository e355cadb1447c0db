package memory

import (
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
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
	require.NoError(t, check(4<<30, 3<<30, "an estimate may be too high"))
	require.Error(t, check(4<<30, 3<<30-1, ""))
	err := Check(math.MaxInt64/2, "take less")
	require.ErrorContains(t, err, "4611686018.4 GB of memory")
	require.ErrorContains(t, err, "free: take less")
}
