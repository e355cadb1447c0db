package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/footage"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/memory"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/ranks"
	"github.com/impasto-go/impasto/vgg"
)

// job is a run: its inputs, ready to train, and what becomes of them.
type job struct {
	*options
	cfg     train.Config
	be      backend.Backend
	net     *nn.Network
	still   *train.Stability // nil without
	trainer *train.Trainer
	data    dataset.Source
	test    *imageio.Image
	watch   *watch
}

// newJob reads and checks everything that a run needs before it starts.
func newJob(ctx context.Context, o *options, group ranks.Group) (j *job, err error) {
	j = &job{options: o}
	cfg := &j.cfg
	if *cfg, err = o.config(); err != nil {
		return nil, err
	}
	defer func(made *job) {
		if err != nil {
			made.close()
		}
	}(j)
	sets, err := o.Dataset.Sets()
	if err != nil {
		return nil, err
	}
	if o.comparesFrames() && !slices.ContainsFunc(sets, func(s inputs.Set) bool { return footage.Is(s.Path) }) {
		return nil, cli.Usagef("-stability-footage %v: no -dataset is a video", o.StabilityFootage)
	}
	pictures, err := inputs.OpenPictures(inputs.Choice{
		Sets: sets, Mirror: o.Mirror, Video: o.video(ctx), Style: o.Style, Test: o.Test, ContentScale: o.ContentScale, MaxBad: cfg.MaxBad,
		MaxPictureMemory: o.MaxPictureMemory,
	})
	if err != nil {
		return nil, err
	}
	lead := group.Rank() == 0 // who has the folder and the terminal
	if pictures.Note != "" && lead {
		fmt.Println(printable.Text(pictures.Note))
	}
	j.data, j.test = pictures.Data, pictures.Test
	if j.be, err = inputs.Device(o.Device, o.GPU); err != nil {
		return nil, err
	}
	if o.TVWeight > 0 {
		cfg.Objectives = append(cfg.Objectives, train.TotalVariation{Weight: o.TVWeight})
	}
	if o.Stability > 0 {
		opts, err := o.stability()
		if err != nil {
			return nil, err
		}
		if j.still, err = train.NewStability(opts); err != nil {
			return nil, err
		}
		cfg.Objectives = append(cfg.Objectives, j.still)
	}
	features, err := inputs.Features(ctx, j.be, o.VGG, cfg.Deepest())
	if err != nil {
		return nil, err
	}
	if o.Init == "" { // else the weights say, which are there already
		a, err := inputs.Arch(o.Arch, o.Filters, o.ResBlocks)
		if err != nil {
			return nil, err
		}
		if err := j.checkMemory(a, features, pictures.Style); err != nil {
			return nil, err
		}
	}
	if j.net, err = inputs.Network(ctx, j.be, o.Init, o.Arch, o.Filters, o.ResBlocks, o.ImageSize, o.Seed); err != nil {
		return nil, err
	}
	// For run.json: -init decides these.
	a := j.net.Arch()
	if err := j.checkMemory(a, features, pictures.Style); err != nil {
		return nil, err
	}
	o.Arch, o.Filters, o.ResBlocks = a.Name, fmt.Sprintf("%d,%d,%d", a.Filters[0], a.Filters[1], a.Filters[2]), a.Blocks
	if lead {
		if err := os.MkdirAll(o.out, 0o755); err != nil {
			return nil, fmt.Errorf("-out: %w", err)
		}
	}
	if j.watch, err = newWatch(j, pictures.Style); err != nil {
		return nil, err
	}
	cfg.Group = group
	cfg.CheckpointDir, cfg.Losses, cfg.Resume, cfg.ResumeFrom = o.out, o.lossesFile(), o.resume, o.from
	if cfg.Origin, err = o.origin(); err != nil {
		return nil, err
	}
	cfg.Sampler, cfg.Events = train.SamplerFunc(j.sample), j.watch.events()
	j.trainer, err = train.New(j.be, j.net, features, pictures.Style, j.data, *cfg)
	return j, err
}

// checkMemory refuses a run that would be ended for want of memory, of the graphics card
// if it trains there.
func (j *job) checkMemory(a *arch.Network, features *vgg.VGG, style *imageio.Image) error {
	return memory.CheckOn(j.be, j.cfg.EstimateMemory(a, features, style.W, style.H), "lower -batch-size, -image-size, -style-size or -filters")
}

// errStopped says that the page's Stop button ended the run.
var errStopped = errors.New("stopped")

// train runs the training and completes the folder, whatever comes of it.
func (j *job) train(ctx context.Context) error {
	c, stop, stopped := stoppable(ctx)
	defer stop()
	var err error
	if j.watch.screen, err = newScreen(j, j.watch.style, j.cfg.TotalSteps(j.data.Len()), stop); err != nil {
		return err
	}
	err = j.trainer.Train(c)
	ended := j.watch.end(c, err)
	if stopped() && errors.Is(err, context.Canceled) {
		err = errStopped
	}
	return errors.Join(err, ended)
}

// sample stylizes the test picture with the network as it is, and measures its flicker.
func (j *job) sample(net train.Model, path string) error {
	d := nn.StateDict(net.Params())
	j.watch.look(d)
	return j.styled(d, path)
}

// styled stylizes the test picture with weights.
func (j *job) styled(d statedict.Dict, path string) error {
	model, err := stylize.New(d)
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
	net, err := nn.NewNetworkFrom(cpu, d)
	if err != nil {
		return err
	}
	return onnxexport.WriteFile(j.file("final.onnx"), d, onnxexport.Options{
		Style:   filepath.Base(j.Style),
		Forward: func(x []float32, h, w int) ([]float32, error) { return net.Evaluate(cpu, x, h, w) },
	})
}

func (j *job) file(name string) string { return filepath.Join(j.out, name) }

func (j *job) close() {
	if j.watch != nil {
		j.watch.close()
	}
	if j.trainer != nil {
		j.trainer.Close()
	}
	if j.still != nil {
		j.still.Free()
	}
	if j.be != nil {
		j.be.Close()
	}
	if f, ok := j.data.(io.Closer); ok {
		f.Close()
	}
}
