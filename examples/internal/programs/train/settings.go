package train

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/train"
)

// settings are the flags of a run, as they are kept in its folder for -resume.
type settings struct {
	Dataset inputs.Texts `json:"dataset"`
	Mirror  bool         `json:"mirror"`
	Style   string       `json:"style"`
	Test    string       `json:"test"`
	VGG     string       `json:"vgg"`
	Init    string       `json:"init"`
	Device  string       `json:"device"`
	GPU     int          `json:"gpu"`

	Arch      string `json:"arch"`
	Filters   string `json:"filters"`
	ResBlocks int    `json:"res-blocks"`

	ImageSize        int     `json:"image-size"`
	BatchSize        int     `json:"batch-size"`
	Epochs           int     `json:"epochs"`
	Steps            int     `json:"steps"`
	LR               float64 `json:"lr"`
	Schedule         string  `json:"lr-schedule"`
	WeightDecay      float64 `json:"weight-decay"`
	MaxGradNorm      float64 `json:"max-grad-norm"`
	ContentWeight    float64 `json:"content-weight"`
	StyleWeight      float64 `json:"style-weight"`
	TVWeight         float64 `json:"tv-weight"`
	Stability        float64 `json:"stability"`
	StabilityRamp    string  `json:"stability-ramp"`
	StabilityMoves   string  `json:"stability-moves"`
	StabilityNoise   string  `json:"stability-noise"`
	StabilityEvery   int     `json:"stability-every"`
	StabilityFootage float64 `json:"stability-footage"`
	NoiseWeight      float64 `json:"stability-noise-weight"`
	StabilityDetail  float64 `json:"stability-detail"`
	StyleLayers      string  `json:"style-layers"`
	StyleSize        int     `json:"style-size"`
	ContentScale     float64 `json:"content-scale"`

	LogInterval        int    `json:"log-interval"`
	CheckpointInterval int    `json:"checkpoint-interval"`
	Seed               uint64 `json:"seed"`
	Shuffle            bool   `json:"shuffle"`
	Losses             string `json:"losses"`
	OnNaN              string `json:"on-nan"`
	MaxBad             int    `json:"max-bad"`
	MaxPictureMemory   int    `json:"max-picture-memory"`
	Keep               int    `json:"keep"`
}

// flagsOf declares the settings as flags of the same meaning as the tutorial's
// variables. The defaults are those of s.
func flagsOf(f *cli.Flags, s *settings) {
	f.Section("Pictures and weights")
	f.ListVar((*[]string)(&s.Dataset), "dataset", inputs.SetUsage)
	f.BoolVar(&s.Mirror, "mirror", s.Mirror, "train on the mirror images of all pictures too")
	f.StringVar(&s.Style, "style", s.Style, "style picture `file`")
	f.StringVar(&s.Test, "test", s.Test, "picture `file` that the samples show; the first of the dataset if missing")
	f.StringVar(&s.VGG, "vgg", s.VGG, inputs.VGGUsage)
	f.StringVar(&s.Init, "init", s.Init, inputs.InitUsage)
	f.IntVar(&s.ImageSize, "image-size", s.ImageSize, "side of the square training pictures, in pixels")
	f.IntVar(&s.StyleSize, "style-size", s.StyleSize, "side the style picture is resized to; 0 leaves it as it is")
	f.Float64Var(&s.ContentScale, "content-scale", s.ContentScale, "divides the size of the test picture")
	f.BoolVar(&s.Shuffle, "shuffle", s.Shuffle, "shuffle the dataset in every epoch")
	f.IntVar(&s.MaxBad, "max-bad", s.MaxBad, "unreadable pictures before the run gives up; 0 for 100 or 1 %")
	f.IntVar(&s.MaxPictureMemory, "max-picture-memory", s.MaxPictureMemory, inputs.MaxPictureMemoryUsage)

	f.Section("Network")
	f.StringVar(&s.Arch, "arch", s.Arch, inputs.ArchUsage)
	f.StringVar(&s.Filters, "filters", s.Filters, "channels of the network's three widths")
	f.IntVar(&s.ResBlocks, "res-blocks", s.ResBlocks, "residual blocks")

	f.Section("Training")
	f.IntVar(&s.BatchSize, "batch-size", s.BatchSize, "pictures per step")
	f.IntVar(&s.Epochs, "epochs", s.Epochs, "passes over the dataset, unless -steps says how long to train")
	f.IntVar(&s.Steps, "steps", s.Steps, "steps to train, in however many epochs; 0 for all of -epochs")
	f.Float64Var(&s.LR, "lr", s.LR, "learning rate")
	f.StringVar(&s.Schedule, "lr-schedule", s.Schedule, "constant, step:EVERY:BY, cosine or cosine:LEAST, after warmup:STEPS, if wanted, as in warmup:500,cosine")
	f.Float64Var(&s.WeightDecay, "weight-decay", s.WeightDecay, "weight decay of AdamW")
	f.Float64Var(&s.MaxGradNorm, "max-grad-norm", s.MaxGradNorm, "norm that gradients are scaled down to; 0 for none")
	f.Uint64Var(&s.Seed, "seed", s.Seed, "seed of the weights and of -shuffle")
	f.StringVar(&s.OnNaN, "on-nan", s.OnNaN, "stop, or rollback to the last checkpoint at half the learning rate")

	f.Section("Losses")
	f.Float64Var(&s.ContentWeight, "content-weight", s.ContentWeight, "influence of the content")
	f.Float64Var(&s.StyleWeight, "style-weight", s.StyleWeight, "influence of the style")
	f.Float64Var(&s.TVWeight, "tv-weight", s.TVWeight, "influence of total variation, which smooths the result; 0 for none")
	f.StringVar(&s.StyleLayers, "style-layers", s.StyleLayers, "VGG-19 layers that compare styles, each optionally with :weight")

	f.Section("Stability")
	f.Float64Var(&s.Stability, "stability", s.Stability, "influence of stability: results stay with what they show when the picture moves; 0 for none")
	f.StringVar(&s.StabilityRamp, "stability-ramp", s.StabilityRamp, "parts of the run where the influence of stability begins and is full")
	f.StringVar(&s.StabilityMoves, "stability-moves", s.StabilityMoves, "shares of pictures moved by whole pixels, and moved, scaled, rotated and bent; the others get noise alone")
	f.StringVar(&s.StabilityNoise, "stability-noise", s.StabilityNoise, "least and most standard deviation of the noise, in levels of 255")
	f.Float64Var(&s.NoiseWeight, "stability-noise-weight", s.NoiseWeight, "influence of a picture with noise alone, as a multiple of that of a moved one")
	f.Float64Var(&s.StabilityDetail, "stability-detail", s.StabilityDetail, "reward of detail, as a multiple of -stability: results get still by keeping their lines in place, and less by losing them")
	f.Float64Var(&s.StabilityFootage, "stability-footage", s.StabilityFootage, "share of the pictures from videos in -dataset that are compared with the next frame")
	f.IntVar(&s.StabilityEvery, "stability-every", s.StabilityEvery, "`steps` of which one computes stability, with as many times the influence")

	f.Section("Devices and processes")
	f.StringVar(&s.Device, "device", s.Device, "cpu, or gl for OpenGL (needs a build with -tags gl)")
	f.IntVar(&s.GPU, "gpu", s.GPU, "`number` of the card for -device gl, from 0; -1 for any, and one for each process of mpirun")

	f.Section("Run folder and terminal")
	f.StringVar(&s.Losses, "losses", s.Losses, "CSV `file` for the losses of each step; losses.csv in -out if missing")
	f.IntVar(&s.LogInterval, "log-interval", s.LogInterval, "steps between log lines")
	f.IntVar(&s.CheckpointInterval, "checkpoint-interval", s.CheckpointInterval, "steps between checkpoints")
	f.IntVar(&s.Keep, "keep", s.Keep, "training states kept for -resume, at least 2")
}

// tutorial returns the tutorial's settings.
func tutorial() settings {
	c := train.Default()
	names := make([]string, len(c.StyleLayers))
	for i, l := range c.StyleLayers {
		names[i] = l.Layer.Name()
	}
	still := train.DefaultStability(0)
	return settings{
		StabilityRamp: pair(still.From, still.Full), StabilityMoves: pair(still.Shifts, still.Warps),
		StabilityNoise: pair(still.NoiseLow, still.NoiseHigh), StabilityEvery: still.Every, NoiseWeight: still.NoiseWeight, StabilityDetail: still.Detail,

		Device: "cpu", GPU: -1, Arch: "tutorial", Filters: "8,16,32", ResBlocks: 5,
		ImageSize: c.ImageSize, BatchSize: c.BatchSize, Epochs: c.Epochs, LR: c.LearningRate, Schedule: "constant",
		ContentWeight: c.ContentWeight, StyleWeight: c.StyleWeight,
		StyleLayers: strings.Join(names, ","), StyleSize: c.StyleSize, ContentScale: 1,
		LogInterval: c.LogInterval, CheckpointInterval: c.CheckpointInterval, OnNaN: "stop", Keep: c.Keep,
		MaxPictureMemory: inputs.MaxPictureMemory,
	}
}

// demo returns the settings without a dataset: small enough for two minutes, with what
// comes with the program.
func demo() settings {
	s := tutorial()
	s.VGG, s.Init = inputs.CompactVGG, inputs.BaseInit
	s.ImageSize, s.BatchSize = 128, 2
	s.Steps, s.LR, s.Schedule = 896, 3e-3, "cosine" // 14 epochs
	s.StyleLayers, s.StyleWeight = inputs.CompactLayers(), 1e9
	s.LogInterval, s.CheckpointInterval = 64, 64
	return s
}

// Usual returns the influence of the style and the side of its picture that hold
// without flags, with a dataset or with drawn pictures.
func Usual(dataset bool) (styleWeight float64, styleSize int) {
	s := demo()
	if dataset {
		s = tutorial()
	}
	return s.StyleWeight, s.StyleSize
}

// IsWord reports whether -vgg takes s as a word instead of a file.
func IsWord(s string) bool { return s == inputs.RandomVGG || s == inputs.CompactVGG }

// config translates the settings, checking each.
func (s *settings) config() (train.Config, error) {
	c := train.Default()
	c.Epochs, c.Steps, c.BatchSize, c.ImageSize = s.Epochs, s.Steps, s.BatchSize, s.ImageSize
	c.LearningRate, c.ContentWeight, c.StyleWeight, c.StyleSize = s.LR, s.ContentWeight, s.StyleWeight, s.StyleSize
	c.WeightDecay, c.MaxGradNorm = s.WeightDecay, s.MaxGradNorm
	c.LogInterval, c.CheckpointInterval = s.LogInterval, s.CheckpointInterval
	c.Seed, c.Shuffle, c.MaxBad, c.Keep = s.Seed, s.Shuffle, s.MaxBad, s.Keep
	switch s.OnNaN {
	case "stop":
	case "rollback":
		c.OnNonFinite = train.Rollback
	default:
		return c, cli.Usagef("-on-nan %q: want stop or rollback", s.OnNaN)
	}
	if s.Keep < 2 {
		return c, cli.Usagef("-keep %d: want 2 or more", s.Keep)
	}
	if !(s.TVWeight >= 0) || math.IsInf(s.TVWeight, 0) {
		return c, cli.Usagef("-tv-weight %v: want 0 or more", s.TVWeight)
	}
	if _, err := s.stability(); err != nil {
		return c, err
	}
	var err error
	if c.Schedule, err = train.ParseSchedule(s.Schedule); err != nil {
		return c, cli.Usagef("-lr-schedule: %v", err)
	}
	if c.StyleLayers, err = inputs.StyleLayers(s.StyleLayers); err != nil {
		return c, err
	}
	if err := c.Validate(); err != nil {
		return c, cli.Usagef("%s", inputs.Flags(err))
	}
	return c, nil
}

// pair writes two numbers as flags take them.
func pair(a, b float64) string { return fmt.Sprintf("%g,%g", a, b) }

// stability translates the settings of the objective of that name.
func (s *settings) stability() (train.StabilityOptions, error) {
	o := train.DefaultStability(s.Stability)
	o.Every, o.Footage, o.NoiseWeight, o.Detail = s.StabilityEvery, s.StabilityFootage, s.NoiseWeight, s.StabilityDetail
	for _, p := range []struct {
		flag, text string
		a, b       *float64
	}{
		{"-stability-ramp", s.StabilityRamp, &o.From, &o.Full},
		{"-stability-moves", s.StabilityMoves, &o.Shifts, &o.Warps},
		{"-stability-noise", s.StabilityNoise, &o.NoiseLow, &o.NoiseHigh},
	} {
		first, second, ok := strings.Cut(p.text, ",")
		var errs [2]error
		*p.a, errs[0] = strconv.ParseFloat(strings.TrimSpace(first), 64)
		*p.b, errs[1] = strconv.ParseFloat(strings.TrimSpace(second), 64)
		if !ok || errs[0] != nil || errs[1] != nil {
			return o, cli.Usagef("%s %q: want two numbers with a comma between them", p.flag, p.text)
		}
	}
	if err := o.Validate(); err != nil {
		return o, cli.Usagef("%s", inputs.Flags(err))
	}
	return o, nil
}
