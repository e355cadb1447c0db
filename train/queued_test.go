package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// queued is a faulty backend that says it queues operations, so that a Trainer
// reads results late.
type queued struct {
	*faulty
	scalars, trips int // read one by one, and together
	ahead          int // what the last Throttle allowed
}

func newQueued(t *testing.T) *queued { return &queued{faulty: newFaulty(t)} }

func (q *queued) Throttle(ahead int) { q.ahead = ahead }

func (q *queued) ReadScalars(dst []float32, src []backend.Buffer) {
	q.trips++
	for i, s := range src {
		q.faulty.Read(dst[i:i+1], s)
	}
}

func (q *queued) Read(dst []float32, src backend.Buffer) {
	if src.Shape() == backend.Scalar {
		q.scalars++
	}
	q.faulty.Read(dst, src)
}

// outcome is all that a run leaves behind.
type outcome struct {
	err     string
	step    int
	images  []string
	weights any
	losses  string
	files   []string
	events  []string
}

func outcomeOf(t *testing.T, be backend.Backend, cfg train.Config) outcome {
	var o outcome
	cfg.CheckpointDir = t.TempDir()
	cfg.Losses = filepath.Join(cfg.CheckpointDir, "losses.csv")
	cfg.Events.OnStep = func(e *train.StepEvent) {
		require.Positive(t, e.ImagesPerSecond)
		e.ImagesPerSecond = 0
		o.events = append(o.events, fmt.Sprint(*e))
	}
	trainer := newTrainer(t, be, cfg, 1)
	if err := trainer.Train(context.Background()); err != nil {
		o.err = err.Error()
		var bad *train.NonFiniteError
		require.ErrorAs(t, err, &bad)
		o.step, o.images = bad.Step, bad.Images
	}
	o.weights = weights(trainer)
	o.losses = read(t, cfg.Losses)
	files, err := filepath.Glob(filepath.Join(cfg.CheckpointDir, "*"))
	require.NoError(t, err)
	for _, f := range files {
		o.files = append(o.files, filepath.Base(f)+": "+read(t, f))
	}
	return o
}

// TestQueuedRuns has results read late, on a backend that queues operations: every
// file, event and error is that of a run whose results are read after each step.
func TestQueuedRuns(t *testing.T) {
	for _, policy := range []train.Policy{train.Stop, train.Rollback} {
		for name, spoil := range map[string]func(*faulty){
			"sound":      func(*faulty) {},
			"loss":       func(f *faulty) { f.loss = atStep(6, 3, 1) },
			"gradient":   func(f *faulty) { f.gradient = atStep(6, 2, 1) },
			"first step": func(f *faulty) { f.loss = atStep(1, 3, 1) },
			"always":     func(f *faulty) { f.loss = atStep(6, 3, math.MaxInt32) },
		} {
			for _, intervals := range [][2]int{{1000, 1000}, {3, 1000}, {1000, 3}, {2, 3}} {
				t.Run(fmt.Sprint(policy, name, intervals), func(t *testing.T) {
					cfg := small()
					cfg.OnNonFinite = policy
					cfg.LogInterval, cfg.CheckpointInterval = intervals[0], intervals[1]
					now, late := newFaulty(t), newQueued(t)
					spoil(now)
					spoil(late.faulty)
					want, got := outcomeOf(t, now, cfg), outcomeOf(t, late, cfg)
					require.Equal(t, want, got)
					require.Zero(t, late.scalars)
					require.Positive(t, late.ahead)
				})
			}
		}
	}
}

// TestQueuedRunReadsSeldom has nothing to log for 12 steps: they are read together,
// as nobody has to watch them live.
func TestQueuedRunReadsSeldom(t *testing.T) {
	be := newQueued(t)
	cfg := small()
	cfg.LogInterval, cfg.CheckpointInterval = 1000, 1000
	start := time.Now()
	run(t, be, cfg)
	require.LessOrEqual(t, be.trips, 1+int(time.Since(start)/time.Second))

	cfg.Epochs, be.trips = 100, 0
	start = time.Now()
	run(t, be, cfg)
	require.LessOrEqual(t, be.trips, 400/64+1+int(time.Since(start)/time.Second))
	require.GreaterOrEqual(t, be.trips, 400/64+1, "but memory for their results is limited")
}

// TestQueuedResumeIsExact cancels runs while steps are under way whose results
// nobody has read.
func TestQueuedResumeIsExact(t *testing.T) {
	whole := t.TempDir()
	run(t, newFaulty(t), inFolder(whole))
	for stop := 1; stop <= 11; stop++ {
		be := newQueued(t)
		dir := t.TempDir()
		cfg := inFolder(dir)
		ctx, cancel := context.WithCancel(context.Background())
		there := atStep(stop, 3, 1)
		be.loss = func() bool {
			if there() {
				cancel()
			}
			return false
		}
		require.ErrorIs(t, newTrainer(t, be, cfg, 1).Train(ctx), context.Canceled)
		s, err := checkpoint.Read(filepath.Join(dir, fmt.Sprintf("state-%09d.safetensors", stop)))
		require.NoError(t, err, "every step that was begun is done and saved")
		require.Equal(t, stop, s.Step)
		cfg.Resume = true
		require.NoError(t, newTrainer(t, newQueued(t), cfg, 99).Train(context.Background()))
		for _, name := range results {
			require.Equal(t, read(t, whole, name), read(t, dir, name), name)
		}
	}
}

// TestStepAfterNonFinite goes on after a step that was not done as if nobody had
// tried it.
func TestStepAfterNonFinite(t *testing.T) {
	for name, backends := range map[string][2]backend.Backend{
		"immediate": {newFaulty(t), newFaulty(t)}, "queued": {newQueued(t), newQueued(t)},
	} {
		t.Run(name, func(t *testing.T) {
			want, trainer := newTrainer(t, backends[0], small(), 1), newTrainer(t, backends[1], small(), 1)
			switch be := backends[1].(type) {
			case *faulty:
				be.loss = atStep(2, 3, 1)
			case *queued:
				be.loss = atStep(2, 3, 1)
			}
			for seed := range uint64(3) {
				expected, err := want.Step(batchOf(2, 16, seed))
				require.NoError(t, err)
				expected = expected.Clone()
				losses, err := trainer.Step(batchOf(2, 16, seed))
				if seed == 1 {
					var bad *train.NonFiniteError
					require.ErrorAs(t, err, &bad)
					require.Equal(t, 2, bad.Step)
					require.True(t, math.IsInf(losses.Term("content"), 1))
					losses, err = trainer.Step(batchOf(2, 16, seed))
				}
				require.NoError(t, err)
				require.Equal(t, expected, losses)
				require.Equal(t, weights(want), weights(trainer))
			}
		})
	}
}

// broken is a backend that fails once it is told to.
type broken struct {
	*queued
	err error
}

func (b *broken) Sync() error { return errors.Join(b.queued.Sync(), b.err) }

// TestBrokenBackend does not save weights of which nobody knows what they are.
func TestBrokenBackend(t *testing.T) {
	be := &broken{queued: newQueued(t)}
	cfg := inFolder(t.TempDir())
	cfg.LogInterval = 1000
	step := atStep(6, 3, 1)
	be.loss = func() bool {
		if step() {
			be.err = errors.New("lost device")
		}
		return false
	}
	err := newTrainer(t, be, cfg, 1).Train(context.Background())
	require.ErrorIs(t, err, be.err)
	require.Regexp(t, "^step [456]: lost device", err.Error(), "the first of those that nobody knows of")
	require.LessOrEqual(t, strings.Count(read(t, cfg.Losses), "\n"), 6, "a header and the rows before it")
	files, err := filepath.Glob(filepath.Join(cfg.CheckpointDir, "state-*"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	require.Equal(t, "state-000000003.safetensors", filepath.Base(files[1]))
}
