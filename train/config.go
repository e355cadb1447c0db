package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/ranks"
	"github.com/impasto-go/impasto/vgg"
)

// Config holds the settings of a run. Start from Default.
type Config struct {
	Epochs    int // passes over the dataset, unless Steps says how long to train
	Steps     int // batches after which to stop, in however many epochs; 0 means after Epochs
	BatchSize int // pictures per step
	ImageSize int // pictures are resized and cropped to a square of this many pixels

	// PerceptualOptions are those of the objective that New makes; NewTrainer ignores
	// them.
	PerceptualOptions

	LearningRate float64  // of Adam
	Schedule     Schedule // of the learning rate; nil means Constant
	WeightDecay  float64  // of AdamW, on all parameters; 0 for none
	// MaxGradNorm is the norm that all gradients together are scaled down to if it is
	// larger, as PyTorch's clip_grad_norm_ does; 0 means none.
	MaxGradNorm float64

	Shuffle bool   // a new order of the pictures in each epoch
	Seed    uint64 // of that order, and of what objectives draw

	// LogInterval and CheckpointInterval are the batches of an epoch between two lines
	// of the log, and between two checkpoints. One that is longer than an epoch counts
	// the steps of the run instead.
	LogInterval, CheckpointInterval int

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
	// Losses is a CSV file with one row per step: step,epoch,images,content,style,total,
	// with a column for each term. Epochs count from 1, and images are those of the
	// epoch so far, both as in the log. The losses are weighted, not averaged, and in
	// full precision. Empty means none.
	Losses string
	// OnNonFinite says what to do about a loss or gradient that is not finite.
	OnNonFinite Policy

	// Workers, Prefetch and MaxBad are those of dataset.Options.
	Workers, Prefetch, MaxBad int

	// Objectives are minimized together with that of New.
	Objectives []Objective

	// Group has several processes train the model together, each with a Trainer of the
	// same settings, on a part of every batch: BatchSize counts the pictures of all.
	// Rank 0 saves, logs and calls Events; nil means ranks.One.
	Group ranks.Group

	// Sampler makes the sample pictures beside the checkpoints; nil means none.
	Sampler Sampler
	Events  Events
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
		PerceptualOptions: PerceptualOptions{
			ContentWeight: 1e5, StyleWeight: 2e9, StyleSize: 256,
			StyleLayers: EqualLayers(vgg.StyleLayers()...),
		},
		LogInterval: 500, CheckpointInterval: 500, Keep: 3,
	}
}

// validation collects errors.
type validation []error

func (v *validation) check(ok bool, format string, args ...any) {
	if !ok {
		*v = append(*v, fmt.Errorf(format, args...))
	}
}

// Steps are float32.
func positive(v float64) bool    { return v > 0 && v <= math.MaxFloat32 }
func notNegative(v float64) bool { return v >= 0 && v <= math.MaxFloat32 }

// Validate returns an error that names every setting out of its range, those of the
// PerceptualOptions included. Which sizes a Model takes, New checks.
func (c *Config) Validate() error {
	if err := errors.Join(c.validate(), c.PerceptualOptions.Validate()); err != nil {
		return err
	}
	return c.checkSize(c.ImageSize)
}

// validate checks the settings of the Trainer.
func (c *Config) validate() error {
	var v validation
	v.check(c.Epochs >= 1, "Epochs is %d, must be at least 1", c.Epochs)
	v.check(c.Steps >= 0, "Steps is %d, must not be negative", c.Steps)
	v.check(c.BatchSize >= 1, "BatchSize is %d, must be at least 1", c.BatchSize)
	v.check(c.ImageSize >= 1, "ImageSize is %d, must be at least 1", c.ImageSize)
	v.check(positive(c.LearningRate), "LearningRate is %v, must be positive and fit a float32", c.LearningRate)
	v.check(notNegative(c.WeightDecay), "WeightDecay is %v, must not be negative", c.WeightDecay)
	v.check(notNegative(c.MaxGradNorm), "MaxGradNorm is %v, must not be negative", c.MaxGradNorm)
	v.check(c.LogInterval >= 1, "LogInterval is %d, must be at least 1", c.LogInterval)
	v.check(c.CheckpointInterval >= 1, "CheckpointInterval is %d, must be at least 1", c.CheckpointInterval)
	v.check(c.ResumeFrom >= 0, "ResumeFrom is %d, must not be negative", c.ResumeFrom)
	v.check(!c.Resume || c.CheckpointDir != "", "Resume needs a CheckpointDir")
	return errors.Join(v...)
}

// TotalSteps returns the steps of a whole run on so many pictures.
func (c *Config) TotalSteps(pictures int) int {
	if c.Steps > 0 {
		return c.Steps
	}
	return c.Epochs * dataset.Batches(pictures, c.BatchSize)
}

// epochs returns those that a whole run on so many pictures begins.
func (c *Config) epochs(pictures int) int {
	perEpoch := max(dataset.Batches(pictures, c.BatchSize), 1)
	return (c.TotalSteps(pictures) + perEpoch - 1) / perEpoch
}
