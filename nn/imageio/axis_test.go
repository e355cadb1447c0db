package imageio

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTaps wants every output to be made of exactly those inputs whose centers lie
// within the filter's support around its own, no more (whose weights would be zero
// and cost time) and no less.
func TestTaps(t *testing.T) {
	var a axis
	for _, f := range []Filter{Bilinear, Lanczos} {
		for in := 1; in <= 40; in++ {
			for out := 1; out <= 40; out++ {
				if in == out {
					continue
				}
				a.set(in, out, 0, out, f)
				scale := float64(in) / float64(out)
				support := f.support() * max(scale, 1)
				for i, lo := range a.lo {
					center := (float64(i) + 0.5) * scale
					distance := func(x int) float64 { return math.Abs(float64(x) + 0.5 - center) }
					first, last := int(lo), int(lo)+len(a.taps(i))-1
					const rounding = 1e-9
					require.LessOrEqual(t, distance(first), support+rounding, "%d to %d, output %d", in, out, i)
					require.LessOrEqual(t, distance(last), support+rounding, "%d to %d, output %d", in, out, i)
					if first > 0 {
						require.GreaterOrEqual(t, distance(first-1), support-rounding, "%d to %d, output %d", in, out, i)
					}
					if last < in-1 {
						require.GreaterOrEqual(t, distance(last+1), support-rounding, "%d to %d, output %d", in, out, i)
					}
					sum := 0
					for _, k := range a.taps(i) {
						sum += int(k)
					}
					require.InDelta(t, 1<<weightBits, sum, float64(len(a.taps(i))))
				}
			}
		}
	}
}
