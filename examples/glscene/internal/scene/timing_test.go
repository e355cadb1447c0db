package scene

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSummary(t *testing.T) {
	ms := time.Millisecond
	times := []Timing{{100 * ms, 900 * ms}, {10 * ms, 40 * ms}, {10 * ms, 20 * ms}, {10 * ms, 30 * ms}}
	require.Equal(t, "first frame 1s, then 25.0 frames/s\nstyle transfer: fastest 20ms, median 30ms, 95% below 30ms, slowest 40ms", Summary(times))
	require.Contains(t, Summary(times[:1]), "slowest 900ms")
	require.Equal(t, "no frame was styled", Summary(nil))
}
