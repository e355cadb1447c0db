package train

import (
	"math/rand/v2"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train/dataset"
)

// next draws whether picture i is compared with the frame after it, and returns that.
func (o *Stability) next(p *Pass, i int, rng *rand.Rand) *dataset.Successor {
	if o.opts.Footage == 0 || rng.Float64() >= o.opts.Footage {
		return nil
	}
	return p.After(i)
}

// replace has the frame after picture i take its place: the picture is blanked, and what
// is added to it is that frame with the noise. What was hidden is not compared.
func (m *motion) replace(p *Pass, i int, next *dataset.Successor) {
	pixels := next.Image.W * next.Image.H
	if m.kept == nil {
		s := m.mask.Shape()
		m.kept, m.hostKept = tensor.New(p.Tape.Backend(), s), make([]float32, len(m.hostMask))
	}
	if m.films == 0 {
		for k := range m.hostKept {
			m.hostKept[k] = 1
		}
	}
	m.films++
	clear(m.hostKept[i*pixels:][:pixels])
	mask, added := m.hostMask[i*pixels:][:pixels], m.hostNoise[i*3*pixels:][:3*pixels]
	for k, known := range next.Known {
		for c := range 3 {
			added[c*pixels+k] += float32(next.Image.Pix[3*k+c])
		}
		if !known {
			mask[k] = 0
		}
	}
}
