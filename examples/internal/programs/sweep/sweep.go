package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/memory"
	"github.com/impasto-go/impasto/examples/internal/progress"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/pack"
	"github.com/impasto-go/impasto/vgg"
)

// sweep is what the trials share, and their results so far.
type sweep struct {
	*options
	be       backend.Backend
	features *vgg.VGG
	pictures *inputs.Pictures
	squares  dataset.Source // of the pictures, as many as the steps need
	results  []*result
	bar      *progress.Bar // nil where there is no terminal
}

// result is what came of a trial.
type result struct {
	trial
	steps   int     // done: fewer than wanted if the losses left the finite numbers
	content float64 // means of the last steps
	style   float64
	sample  *imageio.Image
	weights []byte // a .pth file; nil if the losses left the finite numbers
	at      int    // among the trials
}

func (r *result) String() string {
	if r.steps < r.cfg.Steps {
		return "not finite after " + cli.Count(r.steps, "step", "steps")
	}
	losses := progress.Losses([]string{"content", "style"}, []float64{r.content, r.style})
	return strings.Join(losses[1:], ", ") // without their sum, which weights make what it is
}

func newSweep(ctx context.Context, o *options, lead bool) (s *sweep, err error) {
	made := &sweep{options: o}
	defer func() {
		if err != nil {
			made.close()
		}
	}()
	if made.be, err = inputs.Device(o.device, -1); err != nil {
		return nil, err
	}
	// Made for its errors, before the pictures take their time.
	net, err := made.network(ctx)
	if err != nil {
		return nil, err
	}
	a := net.Arch()
	net.Free()
	if made.pictures, err = inputs.OpenPictures(inputs.Choice{
		Sets: o.sets(), Test: o.test, ContentScale: o.contentScale, MaxBad: o.cfg.MaxBad,
		MaxPictureMemory: o.pictureMemory,
	}); err != nil {
		return nil, err
	}
	if note := made.pictures.Note; note != "" && lead {
		fmt.Println(printable.Text(note))
	}
	if err := o.loadStyles(made.pictures.Style); err != nil {
		return nil, err
	}
	if made.features, err = inputs.Features(ctx, made.be, o.vgg, o.cfg.Deepest()); err != nil {
		return nil, err
	}
	for _, c := range o.trials {
		style := o.styles[c.picture].picture
		if err := memory.CheckOn(made.be, c.cfg.EstimateMemory(a, made.features, style.W, style.H), "lower -batch-size, -image-size, -style-sizes or -filters"); err != nil {
			return nil, err
		}
	}
	if made.squares, err = o.decode(ctx, made.pictures.Data, lead); err != nil {
		return nil, fmt.Errorf("-dataset: %w", err)
	}
	if lead {
		made.bar = progress.NewBar(os.Stderr, len(o.trials)*o.cfg.Steps, []string{"content", "style"})
	}
	return made, nil
}

// say prints a line, above the bar if there is one.
func (s *sweep) say(line string) {
	line = printable.Text(line)
	if s.bar == nil {
		fmt.Println(line)
	}
	s.bar.Println(line)
}

// network makes the network that every trial starts with.
func (s *sweep) network(ctx context.Context) (*nn.Network, error) {
	return inputs.Network(ctx, s.be, s.init, s.arch, s.filters, s.resBlocks, s.cfg.ImageSize, s.cfg.Seed)
}

// decode reads the pictures that the steps look at, each once, and makes them the
// squares that a training would. A packed dataset holds squares already.
func (o *options) decode(ctx context.Context, src dataset.Source, lead bool) (dataset.Source, error) {
	if _, packed := src.(*pack.Pack); packed {
		return src, nil
	}
	loader, err := dataset.NewLoader(src, dataset.Options{
		BatchSize: 1, ImageSize: o.cfg.ImageSize, Epochs: 1, Shuffle: o.cfg.Shuffle, Seed: o.cfg.Seed,
		MaxBad: o.cfg.MaxBad, OnBad: func(b dataset.BadFile) {
			if lead {
				fmt.Println(printable.Line(fmt.Sprintf("Skipped %s: %v", b.Name, b.Err)))
			}
		},
	})
	if err != nil {
		return nil, err
	}
	defer loader.Close()
	var squares dataset.Images
	for len(squares) < o.cfg.Steps*o.cfg.BatchSize {
		b, err := loader.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		m := &imageio.Image{}
		if err := imageio.FromFloats(m, b.Data, b.Size, b.Size, imageio.Truncate); err != nil {
			return nil, err
		}
		squares = append(squares, m)
	}
	return squares, nil
}

// train carries a trial out, or goes on with it where its folder says.
func (s *sweep) train(ctx context.Context, c trial) (*result, error) {
	net, err := s.network(ctx)
	if err != nil {
		return nil, err
	}
	defer net.Free()
	r := &result{trial: c}
	cfg := c.cfg
	cfg.Epochs = cfg.Steps // an epoch is at least one step
	if _, packed := s.squares.(*pack.Pack); !packed {
		cfg.Shuffle = false // they are chosen already
	}
	cfg.CheckpointDir = s.file(c.runFolder())
	cfg.CheckpointInterval = min(saveEvery, dataset.Batches(s.squares.Len(), cfg.BatchSize))
	cfg.Losses = filepath.Join(cfg.CheckpointDir, "losses.csv")
	if s.resume {
		if state, err := checkpoint.Newest(cfg.CheckpointDir); err == nil {
			cfg.Resume = true
			s.say(fmt.Sprintf("%s: going on after step %d", c, state.Step))
		}
	}
	before := len(s.results) * cfg.Steps
	cfg.Events.OnStep = func(e *train.StepEvent) {
		r.steps = e.Step
		s.bar.Step(progress.Step{Step: before + e.Step, Losses: []float64{e.Term("content"), e.Term("style")}, ImagesPerSecond: e.ImagesPerSecond})
	}
	t, err := train.New(s.be, net, s.features, s.styles[c.picture].picture, s.squares, cfg)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	err = t.Train(ctx)
	var diverged *train.NonFiniteError
	if errors.As(err, &diverged) {
		r.sample = imageio.New(s.pictures.Test.W, s.pictures.Test.H) // black
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if err := r.average(cfg.Losses); err != nil {
		return nil, err
	}
	return r, s.sample(r, net)
}

// saveEvery is the number of steps after which a trial saves what it needs to go on.
const saveEvery = 100

// runFolder is where a trial keeps that until it is done.
func (c trial) runFolder() string { return c.file() + ".run" }

// forget removes what a trial that is done needed to go on.
func (s *sweep) forget(c trial) error { return os.RemoveAll(s.file(c.runFolder())) }

// tail is the number of steps at the end whose losses are averaged.
func tail(steps int) int { return max(steps/10, 1) }

// average reads the losses of all steps, and averages those at the end.
func (r *result) average(path string) error {
	losses, err := report.ReadLosses(path)
	if err != nil {
		return err
	}
	r.steps = len(losses.Rows)
	n := min(tail(r.steps), r.steps)
	for i := r.steps - n; i < r.steps; i++ {
		terms, _ := losses.Of(i)
		for k, sum := range map[string]*float64{"content": &r.content, "style": &r.style} {
			*sum += terms[slices.Index(losses.Terms, k)] / float64(n)
		}
	}
	return nil
}

// sample saves the network and stylizes the test picture with it.
func (s *sweep) sample(r *result, net *nn.Network) error {
	d := net.StateDict()
	var b bytes.Buffer
	if err := pth.Write(&b, d); err != nil {
		return err
	}
	r.weights = b.Bytes()
	model, err := stylize.New(d)
	if err != nil {
		return err
	}
	session := model.NewSession(stylize.On(s.be))
	defer session.Close()
	r.sample, err = session.Image(s.pictures.Test)
	return err
}

func (s *sweep) close() {
	s.bar.Close()
	if s.pictures != nil {
		s.pictures.Close()
	}
	if s.be != nil {
		s.be.Close()
	}
}
