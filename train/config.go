package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/impasto-go/impasto/vgg"
)

// Config holds the settings of a run. Start from Default.
type Config struct {
	Epochs        int     // passes over the dataset
	Steps         int     // batches after which to stop; 0 means after the epochs
	BatchSize     int     // pictures per step
	ImageSize     int     // pictures are resized and cropped to a square of this many pixels
	LearningRate  float64 // of Adam
	ContentWeight float64 // influence of the content picture
	StyleWeight   float64 // influence of the style picture
	StyleSize     int     // the style picture is resized to a square of this many pixels; 0 means not at all
	StyleLayers   []StyleLayer

	Shuffle bool   // a new order of the pictures in each epoch
	Seed    uint64 // of that order

	LogInterval        int // batches of an epoch between two lines of the log
	CheckpointInterval int // batches of an epoch between two checkpoints

	// CheckpointDir is the folder for checkpoints, samples and the state; empty
	// means that nothing is saved.
	CheckpointDir string
	// Keep is how many states are kept for Resume, at least 2.
	Keep int
	// Resume continues the run in CheckpointDir instead of beginning one.
	Resume bool
	// ResumeFrom has Resume continue from the newest state of at most that step; 0
	// means the newest of all. Later states are set aside with the next one saved.
	ResumeFrom int
	// Origin is kept in every state, for whoever resumes: see checkpoint.Progress.
	Origin string
	// Losses is a CSV file with one row per step: step,epoch,images,content,style,total.
	// Epochs count from 1, and images are those of the epoch so far, both as in
	// the log. The losses are weighted, not averaged, and in full precision.
	// Empty means none.
	Losses string
	// OnNonFinite says what to do about a loss or gradient that is not finite.
	OnNonFinite Policy

	// Workers, Prefetch and MaxBad are those of dataset.Options.
	Workers, Prefetch, MaxBad int

	// Sampler makes the sample pictures beside the checkpoints; nil means none.
	Sampler Sampler
	Events  Events
}

// StyleLayer is a layer at which styles are compared, and its weight in the sum.
type StyleLayer struct {
	Layer  vgg.Layer
	Weight float64
}

// Policy says what follows a loss or gradient that is not finite.
type Policy int

const (
	// Stop ends the run with a *NonFiniteError.
	Stop Policy = iota
	// Rollback goes back to the last saved state and halves the learning rate. After
	// a few attempts it takes the state before.
	Rollback
)

// MaxRollbacks is how often a run goes back for the same step before it gives up.
const MaxRollbacks = 10

// Default returns the tutorial's settings, with nothing saved.
func Default() Config {
	return Config{
		Epochs: 1, BatchSize: 4, ImageSize: 256, LearningRate: 1e-3,
		ContentWeight: 1e5, StyleWeight: 2e9, StyleSize: 256,
		StyleLayers: EqualLayers(vgg.StyleLayers()...),
		LogInterval: 500, CheckpointInterval: 500, Keep: 3,
	}
}

// EqualLayers returns layers with a weight of 1 each.
func EqualLayers(layers ...vgg.Layer) []StyleLayer {
	var s []StyleLayer
	for _, l := range layers {
		s = append(s, StyleLayer{l, 1})
	}
	return s
}

// contentLayer is where contents are compared.
var contentLayer = vgg.Relu22

// Deepest returns the deepest layer of VGG-19 that a run needs.
func (c *Config) Deepest() vgg.Layer {
	deepest := contentLayer
	for _, s := range c.StyleLayers {
		l := s.Layer
		if l.Block > deepest.Block || l.Block == deepest.Block && l.Conv > deepest.Conv {
			deepest = l
		}
	}
	return deepest
}

// Validate returns an error that names every setting out of its range.
func (c *Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	positive := func(v float64) bool { return v > 0 && v <= math.MaxFloat32 } // steps are float32
	check(c.Epochs >= 1, "Epochs is %d, must be at least 1", c.Epochs)
	check(c.Steps >= 0, "Steps is %d, must not be negative", c.Steps)
	check(c.BatchSize >= 1, "BatchSize is %d, must be at least 1", c.BatchSize)
	check(c.StyleSize >= 0, "StyleSize is %d, must not be negative", c.StyleSize)
	check(positive(c.LearningRate), "LearningRate is %v, must be positive and fit a float32", c.LearningRate)
	check(c.ContentWeight >= 0 && c.ContentWeight <= math.MaxFloat32, "ContentWeight is %v, must not be negative and fit a float32", c.ContentWeight)
	check(c.StyleWeight >= 0 && c.StyleWeight <= math.MaxFloat32, "StyleWeight is %v, must not be negative and fit a float32", c.StyleWeight)
	check(c.LogInterval >= 1, "LogInterval is %d, must be at least 1", c.LogInterval)
	check(c.CheckpointInterval >= 1, "CheckpointInterval is %d, must be at least 1", c.CheckpointInterval)
	check(c.ResumeFrom >= 0, "ResumeFrom is %d, must not be negative", c.ResumeFrom)
	check(!c.Resume || c.CheckpointDir != "", "Resume needs a CheckpointDir")
	check(len(c.StyleLayers) > 0, "StyleLayers is empty")
	seen := map[vgg.Layer]bool{}
	for _, s := range c.StyleLayers {
		check(s.Layer.Valid(), "StyleLayers: VGG-19 has no %v", s.Layer)
		check(!seen[s.Layer], "StyleLayers: %s is listed twice", s.Layer.Name())
		check(positive(s.Weight), "StyleLayers: the weight of %s is %v, must be positive", s.Layer.Name(), s.Weight)
		seen[s.Layer] = true
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if least := c.Deepest().MinSize(); c.ImageSize < least {
		return fmt.Errorf("ImageSize is %d, but %s needs at least %d", c.ImageSize, c.Deepest().Name(), least)
	}
	return nil
}
