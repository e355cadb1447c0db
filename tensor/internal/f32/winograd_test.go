package f32

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// winogradG is G of F(4x4, 3x3): the kernel transform is G g Gᵀ.
var winogradG = [6][3]float64{
	{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6},
	{1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1},
}

// kernelTransform returns G g Gᵀ.
func kernelTransform(g *[3][3]float64) (u [36]float64) {
	for i, a := range winogradG {
		for j, b := range winogradG {
			for k := range 3 {
				for l := range 3 {
					u[i*6+j] += a[k] * g[k][l] * b[l]
				}
			}
		}
	}
	return u
}

// TestWinogradConvolves checks that transform, product and inverse transform of
// one channel equal the direct correlation of a tile in float64.
func TestWinogradConvolves(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		const tiles, rs = 3, (4*3 + 2) * Lanes
		x := make([]float32, 6*rs)
		for i := range x {
			x[i] = r.Float32()*2 - 1
		}
		var g [3][3]float64
		for i := range 9 {
			g[i/3][i%3] = r.Float64()*2 - 1
		}
		u := kernelTransform(&g)
		v := make([]float32, 36*tiles*Lanes)
		WinogradInput(v, tiles*Lanes, x, rs, tiles)
		m := make([]float32, tiles*36*Lanes)
		for i := range m {
			q, f, l := i/(36*Lanes), i/Lanes%36, i%Lanes
			m[i] = v[(f*tiles+q)*Lanes+l] * float32(u[f])
		}
		dst := make([]float32, 4*rs)
		WinogradOutput(dst, rs, m, 36*Lanes, tiles, nil, Store)
		for e := range tiles * 16 * Lanes {
			q, i, j, l := e/(16*Lanes), e/(4*Lanes)%4, e/Lanes%4, e%Lanes
			var want float64
			for k := range 9 {
				want += g[k/3][k%3] * float64(x[(i+k/3)*rs+(q*4+j+k%3)*Lanes+l])
			}
			require.InDelta(t, want, dst[i*rs+(q*4+j)*Lanes+l], 2e-5)
		}
	})
}
