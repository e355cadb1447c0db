//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

// TestSum sums rows whose elements are neighbors and whose elements lie apart, in every
// way that there is.
func TestSum(t *testing.T) {
	for _, shared := range []bool{false, true} {
		d := openDevice(t)
		d.kernels.shared = shared
		rng := rand.New(rand.NewPCG(1, 2))
		for _, s := range [][2]int{{1, 1}, {5, 7}, {8, 8}, {9, 31}, {130, 33}, {3, 200}, {2, 5000}} {
			rows, columns := s[0], s[1]
			values, before := noise(rng, rows*columns), noise(rng, rows)
			x := load(d, backend.Vec(rows*columns), values)
			for _, m := range []matrix{
				{view: whole(x), rows: rows, columns: columns, rowStep: columns, columnStep: 1},
				{view: whole(x), rows: rows, columns: columns, rowStep: 1, columnStep: rows},
			} {
				for _, add := range []bool{false, true} {
					dst := load(d, backend.Vec(rows), before)
					d.sum(whole(dst), m, 0.5, add)
					for r, got := range read(d, dst) {
						want, size := 0.0, 0.0
						for i := range columns {
							v := 0.5 * float64(values[r*m.rowStep+i*m.columnStep])
							want += v
							size += math.Abs(v)
						}
						if add {
							want += float64(before[r])
						}
						require.InDelta(t, want, got, 1e-6*(size+1), fmt.Sprint(shared, s, m.columnStep, add, r))
					}
					d.Free(dst)
				}
			}
			d.Free(x)
		}
		require.NoError(t, d.Sync())
	}
}
