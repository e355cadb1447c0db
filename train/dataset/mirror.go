package dataset

import (
	"io"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Mirrored returns the pictures of src, then those pictures with left and right
// exchanged; of a Mix, the mix of its sources so enlarged. Closing it closes src, if
// that can be closed.
func Mirrored(src Source) Source {
	m, ok := src.(*Mix)
	if !ok {
		return &mirrored{src}
	}
	shares := m.Shares()
	for i := range shares {
		shares[i].Source = Mirrored(shares[i].Source)
	}
	twice, err := NewMix(shares...)
	if err != nil {
		panic(err) // the same weights, for more pictures
	}
	return twice
}

type mirrored struct{ src Source }

func (m *mirrored) Len() int { return 2 * m.src.Len() }

func (m *mirrored) Name(i int) string {
	if n := m.src.Len(); i >= n {
		return m.src.Name(i-n) + " (mirrored)"
	}
	return m.src.Name(i)
}

func (m *mirrored) Load(i int) (*imageio.Image, error) {
	p, done, err := m.hold(i)
	done()
	return p, err
}

func (m *mirrored) hold(i int) (*imageio.Image, func(), error) {
	n := m.src.Len()
	if i < n {
		return load(m.src, i)
	}
	p, done, err := load(m.src, i-n)
	if err != nil {
		return p, done, err
	}
	if _, fresh := m.src.(*Files); fresh { // nobody else has it, and it is in the budget
		flip(p, p)
		return p, done, nil
	}
	q := imageio.New(p.W, p.H)
	flip(q, p)
	done()
	return q, func() {}, nil
}

// flip makes dst, of the same size, the mirror image of src, which may be dst.
func flip(dst, src *imageio.Image) {
	w := src.W
	for y := range src.H {
		from, to := src.Pix[3*y*w:][:3*w], dst.Pix[3*y*w:][:3*w]
		for x := range (w + 1) / 2 {
			left, right := [3]uint8(from[3*x:]), [3]uint8(from[3*(w-1-x):])
			copy(to[3*x:], right[:])
			copy(to[3*(w-1-x):], left[:])
		}
	}
}

// Size implements Sized.
func (m *mirrored) Size() int {
	if s, ok := m.src.(Sized); ok {
		return s.Size()
	}
	return 0
}

// Fingerprint returns that of the pictures, marked.
func (m *mirrored) Fingerprint() string { return Fingerprint(m.src) + "-mirrored" }

// Close closes the pictures.
func (m *mirrored) Close() error {
	if c, ok := m.src.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
