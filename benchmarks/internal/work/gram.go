package work

import (
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Gram is the Gram matrix of features, and the gradient to them.
type Gram struct {
	be           backend.Backend
	x, y, dy, dx *tensor.Tensor
}

// NewGram makes the Gram matrices of random features of shape s, as a convolution
// would leave them.
func NewGram(be backend.Backend, s tensor.Shape) *Gram {
	g := tensor.Shape{s[0], 1, s[1], s[1]}
	return &Gram{be, convolved(be, Centered(be, s, 1, 1)), tensor.New(be, g), Centered(be, g, 1, 2), tensor.New(be, s)}
}

// Cases returns the operation gram.fwd and its gradient gram.bwd. Their FLOP are
// those of whole products, though the matrix is symmetric.
func (g *Gram) Cases() []Case {
	s := g.x.Shape()
	flop := 2 * float64(s[1]) * float64(s.Len())
	forward := func() { g.be.Gram(g.y.Buffer(), g.x.Buffer()) }
	backward := func() { g.be.GramGrad(g.dx.Buffer(), g.dy.Buffer(), g.x.Buffer(), false) }
	size := float64(s[1] * s[2] * s[3])
	return []Case{
		{Name: "gram.fwd", Run: forward, FLOP: flop, Check: func() error {
			forward()
			x := toHost(g.x)
			return compare("gram", g.y.Shape(), g.y.Values(), 1e-4, func(n, _, a, b int) (sum float64) {
				for i := range s[2] {
					for j := range s[3] {
						sum += x.at(n, a, i, j) * x.at(n, b, i, j)
					}
				}
				return sum / size
			})
		}},
		{Name: "gram.bwd", Run: backward, FLOP: flop, Check: func() error {
			backward()
			x, dy := toHost(g.x), toHost(g.dy)
			return compare("gram, gradient", s, g.dx.Values(), 1e-4, func(n, a, i, j int) (sum float64) {
				for b := range s[1] {
					sum += (dy.at(n, 0, a, b) + dy.at(n, 0, b, a)) * x.at(n, b, i, j)
				}
				return sum / size
			})
		}},
	}
}
