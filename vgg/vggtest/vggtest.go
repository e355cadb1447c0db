// Package vggtest provides VGG-19 weights for tests: pseudo-random, but the same
// in every implementation that follows the recipe of Hashed.
package vggtest

import (
	"math"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/vgg"
)

// Hashed returns weights for VGG-19 down to the deepest layer, a pure function of
// their position: a counter i runs over features.0.weight, features.0.bias,
// features.2.weight, ... in C order, and u is a number in [-1, 1) from the top 24
// bits of SplitMix64's i-th output (Steele et al., doi:10.1145/2714064.2660195).
// A weight is u*sqrt(6/(9*in)), a bias u*0.05, both multiplied in float32.
func Hashed(deepest vgg.Layer) statedict.Dict {
	d := vgg.Layout(deepest)
	i := uint64(0)
	for _, e := range d {
		scale := float32(0.05)
		if len(e.Shape) == 4 {
			scale = float32(math.Sqrt(6 / float64(9*e.Shape[1])))
		}
		for k := range e.Data {
			i++
			e.Data[k] = unit(i) * scale
		}
	}
	return d
}

// unit returns the i-th number, i >= 1.
func unit(i uint64) float32 {
	z := i * 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	return float32(z>>40)*0x1p-23 - 1
}
