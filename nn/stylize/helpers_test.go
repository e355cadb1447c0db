package stylize_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// weightsOf returns deterministic weights whose output fills and exceeds 0..255.
func weightsOf(filters [3]int, resBlocks int) statedict.Dict {
	d := nn.NewTransformerNet(reference.New(), filters, resBlocks, 7).StateDict()
	for _, e := range d {
		for i := range e.Data {
			switch e.Name {
			case "deconv3.conv2d.weight":
				e.Data[i] *= 120
			case "deconv3.conv2d.bias":
				e.Data[i] += 128
			}
		}
	}
	return d
}

func newModel(t *testing.T, filters [3]int, resBlocks int) *stylize.Model {
	t.Helper()
	m, err := stylize.New(weightsOf(filters, resBlocks))
	require.NoError(t, err)
	return m
}

func small(t *testing.T) *stylize.Model { return newModel(t, [3]int{4, 6, 8}, 2) }

func newSession(t *testing.T, m *stylize.Model, options ...stylize.Option) *stylize.Session {
	t.Helper()
	s := m.NewSession(append([]stylize.Option{stylize.Threads(2)}, options...)...)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// scene draws gradients, discs and a little noise.
func scene(w, h int) *imageio.Image {
	rng := rand.New(rand.NewPCG(3, uint64(w*h)))
	m := imageio.New(w, h)
	for y := range h {
		for x := range w {
			for c := range 3 {
				v := 255 * float64(x*(c+1)+y) / float64(3*w+h)
				if math.Hypot(float64(x%97-48), float64(y%61-30)) < 20 {
					v = 255 - v
				}
				m.Pix[3*(y*w+x)+c] = uint8(min(max(v+rng.Float64()*16-8, 0), 255))
			}
		}
	}
	return m
}

// rgba returns the bytes of m in rows of stride bytes.
func rgba(m *imageio.Image, stride int) []byte {
	pix := make([]byte, stride*m.H)
	n := m.NRGBA()
	for y := range m.H {
		copy(pix[y*stride:], n.Pix[y*n.Stride:][:4*m.W])
	}
	return pix
}

// fromRGBA is the inverse of rgba.
func fromRGBA(pix []byte, w, h, stride int) *imageio.Image {
	m := imageio.New(w, h)
	m.Alpha = make([]uint8, w*h)
	for y := range h {
		for x := range w {
			copy(m.Pix[3*(y*w+x):][:3], pix[y*stride+4*x:])
			m.Alpha[y*w+x] = pix[y*stride+4*x+3]
		}
	}
	return m
}
