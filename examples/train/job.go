package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

// job is a run: its inputs, ready to train, and what becomes of them.
type job struct {
	*options
	cfg     train.Config
	be      backend.Backend
	net     *nn.TransformerNet
	trainer *train.Trainer
	data    dataset.Source
	test    *imageio.Image
	watch   *watch
}

// newJob reads and checks everything that a run needs before it starts.
func newJob(o *options) (j *job, err error) {
	j = &job{options: o}
	cfg := &j.cfg
	if *cfg, err = o.config(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			j.close()
		}
	}()
	style, err := j.pictures()
	if err != nil {
		return nil, err
	}
	if j.be, err = openDevice(o.Device); err != nil {
		return nil, err
	}
	if j.net, err = o.network(j.be); err != nil {
		return nil, err
	}
	features, err := o.features(j.be, cfg.Deepest())
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return nil, fmt.Errorf("-out: %w", err)
	}
	if j.watch, err = newWatch(j, style); err != nil {
		return nil, err
	}
	cfg.CheckpointDir, cfg.Losses, cfg.Resume = o.out, o.Losses, o.resume
	cfg.Sampler, cfg.Events = train.SamplerFunc(j.sample), j.watch.events()
	j.trainer, err = train.New(j.be, j.net, features, style, j.data, *cfg)
	return j, err
}

// pictures opens the dataset and the test picture and returns the style.
func (j *job) pictures() (style *imageio.Image, err error) {
	if j.Dataset == "" {
		j.data, j.test, style = drawn()
	} else if j.data, err = dataset.Open(j.Dataset, imageio.Options{}); err != nil {
		return nil, fmt.Errorf("-dataset: %w", err)
	}
	if j.Style != "" {
		if style, err = imageio.Load(j.Style, imageio.Options{}); err != nil {
			return nil, fmt.Errorf("-style: %w", err)
		}
	}
	switch {
	case j.Test != "":
		if j.test, err = imageio.Load(j.Test, imageio.Options{}); err != nil {
			return nil, fmt.Errorf("-test: %w", err)
		}
	case j.test == nil:
		if j.test, err = j.data.Load(0); err != nil {
			return nil, fmt.Errorf("-dataset: the first picture, wanted for the samples: %w", err)
		}
	}
	j.test, err = imageio.Scale(j.test, j.ContentScale)
	if err != nil {
		return nil, fmt.Errorf("-content-scale: %w", err)
	}
	return style, nil
}

// drawn returns the pictures of a run without files.
func drawn() (data dataset.Images, test, style *imageio.Image) {
	const scenes = 96
	for i := range uint64(scenes) {
		data = append(data, paint.Scene(i+1, 128, 96))
	}
	return data, paint.Scene(0, 480, 270), paint.Style(1, 256)
}

func openDevice(name string) (backend.Backend, error) {
	switch name {
	case "cpu":
		return tensor.CPU(), nil
	case "gl":
		d, err := gpu.Open()
		if err != nil {
			return nil, fmt.Errorf("-device gl: %w", err)
		}
		return d, nil
	}
	return nil, cli.Usagef("-device %q: want cpu or gl", name)
}

// network returns the network to train, new or from -init.
func (s *settings) network(be backend.Backend) (*nn.TransformerNet, error) {
	if s.Init != "" {
		d, err := weights.ReadFile(s.Init)
		if err != nil {
			return nil, fmt.Errorf("-init: %w", err)
		}
		net, err := nn.NewTransformerNetFrom(be, d)
		if err != nil {
			return nil, fmt.Errorf("-init %s: %w", s.Init, err)
		}
		return net, nil
	}
	filters, err := parseFilters(s.Filters)
	if err != nil {
		return nil, err
	}
	if s.ResBlocks < 1 {
		return nil, cli.Usagef("-res-blocks %d: want 1 or more", s.ResBlocks)
	}
	return nn.NewTransformerNet(be, filters, s.ResBlocks, s.Seed), nil
}

// randomSeed makes the random VGG-19 the same in every run.
const randomSeed = 19

func (s *settings) features(be backend.Backend, deepest vgg.Layer) (*vgg.VGG, error) {
	if s.VGG == "random" {
		return vgg.Random(be, randomSeed, deepest), nil
	}
	v, err := vgg.LoadFile(be, s.VGG, deepest)
	if err != nil {
		return nil, fmt.Errorf("-vgg: %w", err)
	}
	return v, nil
}

// train runs the training and completes the folder, whatever comes of it.
func (j *job) train(ctx context.Context) error {
	err := j.trainer.Train(ctx)
	return errors.Join(err, j.watch.end(ctx, err))
}

// sample stylises the test picture with the network as it is.
func (j *job) sample(net *nn.TransformerNet, path string) error {
	model, err := stylize.New(net.StateDict())
	if err != nil {
		return err
	}
	s := model.NewSession()
	defer s.Close()
	styled, err := s.Image(j.test)
	if err != nil {
		return err
	}
	return imageio.Save(path, styled, imageio.SaveOptions{})
}

// export writes the ONNX file beside the weights.
func (j *job) export() error {
	cpu := tensor.CPU()
	defer cpu.Close()
	d := j.net.StateDict()
	net, err := nn.NewTransformerNetFrom(cpu, d)
	if err != nil {
		return err
	}
	return onnxexport.WriteFile(j.file("final.onnx"), d, onnxexport.Options{
		Style:   filepath.Base(j.Style),
		Forward: func(x []float32, h, w int) ([]float32, error) { return net.Evaluate(cpu, x, h, w) },
	})
}

func (j *job) file(name string) string { return filepath.Join(j.out, name) }

func (j *job) explain() {
	fmt.Printf(`
The run is in %[1]s: final.pth (weights), final.onnx (for Unity and others),
final.png (what they make of the test picture), samples.png and losses.png (how
they came about), run.json (the settings). Next:

  go run ./examples/stylize -model %[1]s/final.pth -in PICTURE -out STYLED.png
  go run ./examples/exportonnx -model %[1]s/final.pth -out STYLE.onnx -width 1280 -height 720
`, j.out)
}

func (j *job) close() {
	if j.watch != nil {
		j.watch.close()
	}
	if j.trainer != nil {
		j.trainer.Close()
	}
	if j.be != nil {
		j.be.Close()
	}
	if f, ok := j.data.(*dataset.Files); ok {
		f.Close()
	}
}
