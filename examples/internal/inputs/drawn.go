package inputs

import (
	"fmt"
	"sync"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn/imageio"
)

// TestScene is the seed of the scene that samples show when pictures are drawn.
const TestScene = 24

// scenes is the dataset of a training without files: each landscape is drawn when it is
// wanted first.
type scenes struct {
	once   [128]sync.Once
	images [128]*imageio.Image
}

// Len implements dataset.Source.
func (s *scenes) Len() int { return len(s.images) }

// Name implements dataset.Source.
func (s *scenes) Name(i int) string { return fmt.Sprintf("drawn scene %d", i) }

// Load implements dataset.Source.
func (s *scenes) Load(i int) (*imageio.Image, error) {
	s.once[i].Do(func() { s.images[i] = paint.Scene(uint64(TestScene+1+i), 160, 128) })
	return s.images[i], nil
}
