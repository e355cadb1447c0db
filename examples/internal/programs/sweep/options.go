package sweep

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train"
)

// options are the command line.
type options struct {
	dataset, test, vgg, init, device, out string
	style                                 []string
	styles                                []stylePicture // that these name

	arch          string
	filters       string
	resBlocks     int
	styleWeights  string
	styleSizes    string
	styleLayers   string
	contentScale  float64
	pictureMemory int
	cfg           train.Config

	resume bool
	np     int    // processes to start
	mpirun string // what else mpirun is told

	trials  []trial
	columns int // trials of one size
}

// trial is one of the combinations to try. weight is its style weight as it was
// written, and name that of its style, empty where there is only one.
type trial struct {
	picture      int // among the styles
	name, weight string
	cfg          train.Config
}

func (c trial) String() string {
	text := fmt.Sprintf("style-size %d, style-weight %s", c.cfg.StyleSize, c.weight)
	if c.name != "" {
		text = c.name + ", " + text
	}
	return text
}

// file is what the names of a trial's files begin with.
func (c trial) file() string {
	name := fmt.Sprintf("style_size_%d_style_weight_%s", c.cfg.StyleSize, c.weight)
	if c.name != "" {
		name = c.name + "_" + name
	}
	return name
}

func (c trial) weightsFile() string { return c.file() + ".pth" }

// tutorial returns the defaults with a dataset.
func tutorial() *options {
	o := &options{
		device: "cpu", arch: "tutorial", filters: "8,16,32", resBlocks: 5, contentScale: 1,
		styleWeights: "5e8,2e9,1e10", styleSizes: "256",
		styleLayers: "relu1_2,relu2_2,relu3_3,relu4_3,relu5_3", cfg: train.Default(),
	}
	o.cfg.Steps = 200
	return o
}

// demo returns the defaults without a dataset: quick, and with what needs no file.
func demo() *options {
	o := tutorial()
	o.vgg, o.init, o.styleLayers = inputs.CompactVGG, inputs.BaseInit, inputs.CompactLayers()
	o.styleWeights = "2e8,1e9,5e9"
	o.cfg.ImageSize, o.cfg.BatchSize, o.cfg.LearningRate = 128, 2, 2e-3
	return o
}

func parse(args []string) (*options, error) {
	o := tutorial()
	if err := o.parse(args); err != nil {
		return nil, err
	}
	// The dataset and the features decide the defaults.
	again := o.dataset == "" || o.vgg == inputs.CompactVGG
	if o.dataset == "" {
		o = demo()
	} else if again {
		o = tutorial()
		o.styleLayers = inputs.CompactLayers()
	}
	if again {
		if err := o.parse(args); err != nil {
			return nil, err
		}
	}
	if o.out == "" {
		o.out = filepath.Join("runs", "sweep-"+time.Now().Format("20060102-150405"))
	}
	if err := inputs.Missing(o.dataset != "", o.vgg, o.styles[0].path); err != nil {
		return nil, err
	}
	return o, o.expand()
}

func (o *options) parse(args []string) error {
	flags := cli.NewFlags("[-dataset DIR -style FILE -vgg FILE] [flags]",
		"Trains with several style weights and sizes for a few steps each, to choose by eye.")
	o.declare(flags)
	flags.Others("without -dataset", func(f *cli.Flags) { demo().declare(f) })
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	if !flags.Given("init") && (flags.Given("arch") || flags.Given("filters") || flags.Given("res-blocks")) {
		o.init = "" // another network than the program's
	}
	var err error
	o.styles, err = listStyles(o.style)
	return err
}

func (o *options) declare(f *cli.Flags) {
	c := &o.cfg
	f.Section("What to try")
	f.StringVar(&o.styleWeights, "style-weights", o.styleWeights, "influences of the style to try")
	f.StringVar(&o.styleSizes, "style-sizes", o.styleSizes, "sides to try resizing the style picture to; 0 leaves it as it is")

	f.Section("Pictures and weights")
	f.StringVar(&o.dataset, "dataset", o.dataset, "`folder` or .zip of training pictures; without it the program draws its own")
	f.ListVar(&o.style, "style", listUsage)
	f.StringVar(&o.test, "test", o.test, "picture `file` that the sheet shows; the first of the dataset if missing")
	f.StringVar(&o.vgg, "vgg", o.vgg, inputs.VGGUsage)
	f.StringVar(&o.init, "init", o.init, "weights `file` that each training starts from, or base for a network that comes with the program; it decides the network")
	f.IntVar(&c.ImageSize, "image-size", c.ImageSize, "side of the square training pictures, in pixels")
	f.Float64Var(&o.contentScale, "content-scale", o.contentScale, "divides the size of the test picture")
	f.BoolVar(&c.Shuffle, "shuffle", c.Shuffle, "choose the pictures from all over the dataset instead of its beginning")
	f.IntVar(&c.MaxBad, "max-bad", c.MaxBad, "unreadable pictures before the sweep gives up; 0 for 100 or 1 %")
	f.IntVar(&o.pictureMemory, "max-picture-memory", inputs.MaxPictureMemory, inputs.MaxPictureMemoryUsage)

	f.Section("Network")
	f.StringVar(&o.arch, "arch", o.arch, inputs.ArchUsage)
	f.StringVar(&o.filters, "filters", o.filters, "channels of the network's three widths")
	f.IntVar(&o.resBlocks, "res-blocks", o.resBlocks, "residual blocks")

	f.Section("Training")
	f.IntVar(&c.BatchSize, "batch-size", c.BatchSize, "pictures per step")
	f.IntVar(&c.Steps, "steps", c.Steps, "steps of each training")
	f.Float64Var(&c.LearningRate, "lr", c.LearningRate, "learning rate")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "seed of the weights and of -shuffle")

	f.Section("Losses")
	f.Float64Var(&c.ContentWeight, "content-weight", c.ContentWeight, "influence of the content")
	f.StringVar(&o.styleLayers, "style-layers", o.styleLayers, "VGG-19 layers that compare styles, each optionally with :weight")

	f.Section("Devices and processes")
	f.StringVar(&o.device, "device", o.device, "cpu, or gl for OpenGL (needs a build with -tags gl)")
	f.IntVar(&o.np, "np", o.np, "start so many processes with mpirun, each of which trains alone (needs a build with -tags mpi)")
	f.StringVar(&o.mpirun, "mpirun", o.mpirun, "more `arguments` for mpirun, such as \"--host one:1,two:1\"")

	f.Section("Folder")
	f.StringVar(&o.out, "out", o.out, "`folder` for the sheet, the table and the weights; runs/sweep-DATE-TIME if missing")
	f.BoolVar(&o.resume, "resume", o.resume, "go on with the sweep in -out, which was begun with the same flags")
}

// expand makes the trials, by style, size and then weight, and checks their settings.
func (o *options) expand() error {
	if o.cfg.Steps < 1 {
		return cli.Usagef("-steps %d: want 1 or more", o.cfg.Steps)
	}
	weights, err := split(o.styleWeights, parseWeight)
	if err != nil {
		return cli.Usagef("-style-weights %w", err)
	}
	sizes, err := split(o.styleSizes, parseSize)
	if err != nil {
		return cli.Usagef("-style-sizes %w", err)
	}
	if o.cfg.StyleLayers, err = inputs.StyleLayers(o.styleLayers); err != nil {
		return err
	}
	o.columns = len(weights)
	for i, style := range o.styles {
		name := style.name
		if len(o.styles) == 1 {
			name = ""
		}
		for _, size := range sizes {
			for _, weight := range weights {
				c := o.cfg
				c.StyleSize, c.StyleWeight = size.value, weight.value
				if err := c.Validate(); err != nil {
					return cli.Usagef("%s", inputs.Flags(err))
				}
				o.trials = append(o.trials, trial{i, name, weight.text, c})
			}
		}
	}
	return nil
}

// item is a part of a list, as it was written and what it means.
type item[T comparable] struct {
	text  string
	value T
}

// split parses a list of different values between commas.
func split[T comparable](list string, parse func(string) (T, error)) ([]item[T], error) {
	var items []item[T]
	for _, text := range strings.Split(list, ",") {
		text = strings.TrimSpace(text)
		v, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%q: %q: %w", list, text, err)
		}
		if slices.ContainsFunc(items, func(i item[T]) bool { return i.value == v }) {
			return nil, fmt.Errorf("%q: %s is there twice", list, text)
		}
		items = append(items, item[T]{text, v})
	}
	return items, nil
}

func parseWeight(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0) || v > 1e30 {
		return 0, errors.New("want numbers from 0 to 1e30, such as 5e8,2e9,1e10")
	}
	return v, nil
}

func parseSize(text string) (int, error) {
	v, err := strconv.Atoi(text)
	if err != nil || v < 0 || v*v > imageio.DefaultMaxPixels {
		return 0, errors.New("want numbers of pixels, such as 256,384")
	}
	return v, nil
}

func (o *options) file(name string) string { return filepath.Join(o.out, name) }

// sets are the pictures to train on, none if they are to be drawn.
func (o *options) sets() []inputs.Set {
	if o.dataset == "" {
		return nil
	}
	return []inputs.Set{{Path: o.dataset, Weight: 1}}
}
