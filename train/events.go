package train

// Events are functions that a Trainer calls, in its own goroutine, while it
// trains. Any of them may be nil.
type Events struct {
	// OnStart is called once the checkpoint folder is locked and, on resuming, the
	// state is loaded, with the steps done so far. Its error ends the run.
	OnStart func(step int) error
	// OnLog is given each line of the log: the tutorial's lines, and warnings.
	OnLog func(line string)
	// OnStep is called for each step: right after it, or on a backend that queues
	// operations (backend.Queuer) for several at once, at log intervals and about
	// once a second. The event is valid until it returns.
	OnStep func(*StepEvent)
	// OnCheckpoint is called when a checkpoint and its sample are complete.
	OnCheckpoint func(Checkpoint)
}

// StepEvent describes a finished step.
type StepEvent struct {
	Step       int // steps done since the start of the run, this one included
	TotalSteps int // of the whole run
	Epoch      int // from 0
	Batch      int // in the epoch, from 0
	Images     int // pictures of the epoch seen so far
	Losses
	LearningRate    float64 // of this step
	ImagesPerSecond float64 // of this step and those reported with it, loading included
}

// Checkpoint describes files that are complete.
type Checkpoint struct {
	Step    int
	Weights string // path of the .pth file
	Sample  string // path of the sample picture; empty without a Sampler
	Final   bool   // the run is finished
}

// Sampler shows what a network does in the course of its training.
type Sampler interface {
	// Sample writes a picture that net makes to path, which ends in ".png". It
	// must not change net.
	Sample(net Model, path string) error
}

// SamplerFunc is a function as a Sampler.
type SamplerFunc func(net Model, path string) error

// Sample calls f.
func (f SamplerFunc) Sample(net Model, path string) error { return f(net, path) }
