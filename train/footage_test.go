package train_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

// film is noise that moves to the left, a pixel a frame.
type film struct {
	dataset.Images
	next *imageio.Image
}

func newFilm() *film {
	const side, frames = 16, 7
	f := &film{}
	wide := picture(side+frames, side, 3)
	for n := range frames + 1 {
		m := imageio.New(side, side)
		for i := range m.Pix {
			m.Pix[i] = wide.Pix[3*(i/3/side*wide.W+i/3%side+n)+i%3]
		}
		if n < frames {
			f.Images = append(f.Images, m)
		} else {
			f.next = m
		}
	}
	return f
}

func (f *film) After(i int) (*dataset.Successor, error) {
	images := append(f.Images[:len(f.Images):len(f.Images)], f.next)
	s := &dataset.Successor{Image: images[i+1]}
	n := s.Image.W * s.Image.H
	s.Flow, s.Known = make([]float32, 2*n), make([]bool, n)
	for k := range n {
		s.Flow[k], s.Known[k] = 1, true
	}
	return s, nil
}

// TestFootageResumes stops a run that compares frames of a film and continues it: to the
// same bytes as in one go, which are not those of a run without.
func TestFootageResumes(t *testing.T) {
	be := newCPU(t)
	attempt := func(ctx context.Context, cfg train.Config, share float64, seed uint64) error {
		o := train.DefaultStability(1e4)
		o.Full, o.Every, o.Footage = 0, 1, share
		still, err := train.NewStability(o)
		require.NoError(t, err)
		defer still.Free()
		cfg.Objectives = []train.Objective{still}
		return trainOn(t, be, newFilm(), cfg, seed).Train(ctx)
	}
	whole, part, without := t.TempDir(), t.TempDir(), t.TempDir()
	require.NoError(t, attempt(context.Background(), inFolder(whole), 0.5, 1))
	require.NoError(t, attempt(context.Background(), inFolder(without), 0, 1))
	require.NotEqual(t, read(t, whole, "final.pth"), read(t, without, "final.pth"))
	ctx, cancel := context.WithCancel(context.Background())
	cfg := inFolder(part)
	cfg.Events.OnStep = func(e *train.StepEvent) {
		if e.Step == 5 {
			cancel()
		}
	}
	require.ErrorIs(t, attempt(ctx, cfg, 0.5, 1), context.Canceled)
	cfg = inFolder(part)
	cfg.Resume = true
	require.ErrorContains(t, attempt(context.Background(), cfg, 0, 2), "stability")
	require.NoError(t, attempt(context.Background(), cfg, 0.5, 2))
	for _, name := range results {
		requireSame(t, whole, part, name)
	}
}

// trainOn is newTrainer for other pictures.
func trainOn(t testing.TB, be backend.Backend, data dataset.Source, cfg train.Config, seed uint64) *train.Trainer {
	trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, seed),
		vgg.Random(be, 1, vgg.Relu22), picture(20, 30, 5), data, cfg)
	require.NoError(t, err)
	t.Cleanup(trainer.Close)
	return trainer
}
