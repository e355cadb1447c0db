package dataset

import (
	"slices"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Filmed is implemented by a Source some of whose pictures are frames of films.
type Filmed interface {
	// After returns the frame that follows picture i in its film, nil if there is none or
	// if nothing is known of what moved.
	After(i int) (*Successor, error)
}

// Successor is the frame after another in a film: a square of the same size.
type Successor struct {
	Image *imageio.Image
	// Flow leads from each of its pixels to where what it shows was in the frame before,
	// in pixels, columns first: planes {2, H, W}, as tensor.Tape.Warp takes them. Known
	// tells of which pixels that is known; of those that were hidden it is not.
	Flow  []float32
	Known []bool
}

// After returns the frame that follows picture i of src in its film, nil if there is
// none.
func After(src Source, i int) (*Successor, error) {
	if f, ok := src.(Filmed); ok {
		return f.After(i)
	}
	return nil, nil
}

// After implements Filmed.
func (m *Mix) After(i int) (*Successor, error) {
	s, k := m.find(i)
	return After(s, k)
}

// After implements Filmed: what follows a mirror image is one.
func (m *mirrored) After(i int) (*Successor, error) {
	n := m.src.Len()
	if i < n {
		return After(m.src, i)
	}
	s, err := After(m.src, i-n)
	if s == nil || err != nil {
		return nil, err
	}
	w, h := s.Image.W, s.Image.H
	q := &Successor{imageio.New(w, h), slices.Clone(s.Flow), slices.Clone(s.Known)}
	flip(q.Image, s.Image)
	for y := range h {
		slices.Reverse(q.Flow[y*w:][:w])
		slices.Reverse(q.Flow[(h+y)*w:][:w])
		slices.Reverse(q.Known[y*w:][:w])
	}
	for i := range q.Flow[:h*w] {
		q.Flow[i] = -q.Flow[i]
	}
	return q, nil
}
