package work

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Case is a piece of work that can be timed again and again.
type Case struct {
	Name  string       // as the peers call it, such as "conv1_1.fwd"
	Run   func()       // does the work once
	Check func() error // does it once and tests the result
	FLOP  float64      // operations of a direct computation; 0 if memory decides
	Bytes float64      // of the operands, read and written once each; 0 if FLOP decides
	Count int          // how often the network has it; 0 for once
}

// Centered returns a tensor of values that are uniform in ±scale, the same ones
// for the same seed.
func Centered(be backend.Backend, s tensor.Shape, scale float32, seed uint64) *tensor.Tensor {
	rng := rand.New(rand.NewPCG(2, seed))
	v := make([]float32, s.Len())
	for i := range v {
		v[i] = scale * (2*rng.Float32() - 1)
	}
	return tensor.FromSlice(be, s, v)
}

// finite returns an error if v is empty or holds NaN or infinities.
func finite(name string, v []float32) error {
	if len(v) == 0 {
		return fmt.Errorf("%s: no values", name)
	}
	for i, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("%s: value %d is %v", name, i, x)
		}
	}
	return nil
}

// samples is how many elements of a result are computed directly.
const samples = 40

// compare tests elements of got, of shape s, against want, which computes one
// directly: the first, the last and random ones. They may differ by tolerance
// times the root mean square of those.
func compare(name string, s tensor.Shape, got []float32, tolerance float64, want func(n, c, y, x int) float64) error {
	if len(got) != s.Len() {
		return fmt.Errorf("%s: %d values for shape %v", name, len(got), s)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	var wants, gots [samples]float64
	var at [samples][4]int
	squares := 0.0
	for i := range samples {
		p := [4]int{rng.IntN(s[0]), rng.IntN(s[1]), rng.IntN(s[2]), rng.IntN(s[3])}
		switch i {
		case 0:
			p = [4]int{}
		case 1:
			p = [4]int{s[0] - 1, s[1] - 1, s[2] - 1, s[3] - 1}
		}
		at[i] = p
		wants[i] = want(p[0], p[1], p[2], p[3])
		gots[i] = float64(got[((p[0]*s[1]+p[1])*s[2]+p[2])*s[3]+p[3]])
		squares += wants[i] * wants[i]
	}
	limit := tolerance * math.Sqrt(squares/samples)
	for i := range samples {
		if !(math.Abs(gots[i]-wants[i]) <= limit) {
			return fmt.Errorf("%s: element %v is %v, computed directly %v", name, at[i], gots[i], wants[i])
		}
	}
	return nil
}
