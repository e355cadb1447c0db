package temporal

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWork cuts random work: all portions together are all of it, and none takes more
// than its share and one part.
func TestWork(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var w Work
	for range 200 {
		w.Reset()
		var total, longest time.Duration
		steps := 1 + rng.IntN(30)
		for i := range steps {
			parts, part := 1+rng.IntN(40), time.Duration(rng.IntN(1000))*time.Microsecond
			w.Measured(i, parts, 3*part*time.Duration(parts))
			w.Measured(i, parts, part*time.Duration(parts))
			w.Measured(i, parts, 2*part*time.Duration(parts))
			total += part * time.Duration(parts)
			longest = max(longest, part)
		}
		require.Equal(t, steps, w.Steps())
		n := 1 + rng.IntN(6)
		ends := w.Cut(n)
		require.Len(t, ends, n)
		require.Equal(t, Place{Step: steps}, ends[n-1])
		at := Place{}
		for _, end := range ends {
			var took time.Duration
			for at != end {
				require.True(t, at.Step < end.Step || at.Step == end.Step && at.Part < end.Part, "portions go forward")
				took += w.steps[at.Step].time / time.Duration(w.Parts(at.Step))
				if at.Part++; at.Part == w.Parts(at.Step) {
					at = Place{Step: at.Step + 1}
				}
			}
			require.LessOrEqual(t, took, total/time.Duration(n)+longest+time.Microsecond)
		}
	}
	w.Reset()
	require.Equal(t, []Place{{}, {}}, w.Cut(2), "no work")
	require.Zero(t, testing.AllocsPerRun(3, func() { w.Cut(9) }))
}
