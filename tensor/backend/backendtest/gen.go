package backendtest

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/impasto-go/impasto/tensor/backend"
)

var nan = float32(math.NaN())

// Channel counts around the widths of vectors and blocks.
var channels = []int{1, 3, 4, 8, 15, 16, 17, 24, 32, 48, 64}

// gen makes reproducible random operands.
type gen struct {
	*rand.Rand
	flips int
}

// newGen returns a generator whose sequence depends only on name.
func newGen(name string) *gen {
	sum := fnv.New64a()
	sum.Write([]byte(name))
	return &gen{Rand: rand.New(rand.NewPCG(sum.Sum64(), 1))}
}

// flip alternates, so that few cases see both sides of an option.
func (g *gen) flip() bool {
	g.flips++
	return g.flips%2 == 0
}

// normal returns a tensor of standard normal values.
func (g *gen) normal(s backend.Shape) value { return g.scaled(s, 0, 1) }

// scaled returns a tensor of normal values.
func (g *gen) scaled(s backend.Shape, mean, std float64) value {
	v := filled(s, 0)
	for i := range v.data {
		v.data[i] = float32(mean + std*g.NormFloat64())
	}
	return v
}

// coarse returns a tensor of integers from -2 to 2, full of ties.
func (g *gen) coarse(s backend.Shape) value {
	v := filled(s, 0)
	for i := range v.data {
		v.data[i] = float32(g.IntN(5) - 2)
	}
	return v
}

// dest returns what a destination holds before a call: values to add to, or
// NaN that has to disappear.
func (g *gen) dest(s backend.Shape, add bool) value {
	if add {
		return g.normal(s)
	}
	return filled(s, nan)
}

func filled(s backend.Shape, x float32) value {
	v := value{s, make([]float32, s.Len())}
	for i := range v.data {
		v.data[i] = x
	}
	return v
}

// pick returns one of the choices.
func (g *gen) pick(choices []int) int { return choices[g.IntN(len(choices))] }

// between returns an integer from lo to hi inclusive.
func (g *gen) between(lo, hi int) int { return lo + g.IntN(hi-lo+1) }

// image returns a random NCHW shape of at most limit elements, with at least
// smallest rows and columns.
func (g *gen) image(smallest, limit int) backend.Shape {
	for {
		s := backend.Shape{g.between(1, 4), g.pick(channels), g.between(smallest, 67), g.between(smallest, 67)}
		if s.Len() <= limit {
			return s
		}
	}
}

// images are shapes that every operation on images meets: single pixels, rows
// and columns, sizes around vector widths, and the networks' small feature maps.
func images(smallest int) []backend.Shape {
	all := []backend.Shape{
		{1, 1, 1, 1}, {1, 3, 1, 67}, {2, 16, 67, 1}, {1, 17, 2, 2}, {4, 4, 2, 3}, {1, 15, 3, 5},
		{2, 3, 16, 16}, {1, 24, 7, 33}, {3, 8, 9, 14}, {2, 32, 5, 17}, {1, 48, 13, 4}, {1, 64, 8, 15},
		{2, 1, 31, 67}, {1, 128, 4, 6}, {1, 3, 64, 48},
	}
	var some []backend.Shape
	for _, s := range all {
		if s[2] >= smallest && s[3] >= smallest {
			some = append(some, s)
		}
	}
	return some
}
