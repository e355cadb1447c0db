package train_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// inFolder returns small settings with everything saved in a folder.
func inFolder(dir string) train.Config {
	cfg := small()
	cfg.Shuffle, cfg.Seed = true, 9
	cfg.CheckpointDir, cfg.Losses = dir, filepath.Join(dir, "losses.csv")
	return cfg
}

// results are the files of a finished run that must not depend on interruptions.
var results = []string{"final.pth", "losses.csv", "state-000000012.safetensors", "ckpt_epoch_1_batch_id_3.pth"}

// TestResumeIsExact stops runs at random steps and continues them with a new
// Trainer, whose network has other initial weights.
func TestResumeIsExact(t *testing.T) {
	be := newCPU(t)
	whole := t.TempDir()
	run(t, be, inFolder(whole))

	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		first := 1 + rng.IntN(10)
		second := first + 1 + rng.IntN(11-first)
		t.Run(fmt.Sprint(first, second), func(t *testing.T) {
			dir := t.TempDir()
			for i, stop := range []int{first, second} {
				ctx, cancel := context.WithCancel(context.Background())
				cfg := inFolder(dir)
				cfg.Resume = i > 0
				cfg.Events.OnStep = func(e *train.StepEvent) {
					if e.Step >= stop {
						cancel()
					}
				}
				require.ErrorIs(t, newTrainer(t, be, cfg, 1+uint64(i)).Train(ctx), context.Canceled)
			}
			cfg := inFolder(dir)
			cfg.Resume = true
			require.NoError(t, newTrainer(t, be, cfg, 99).Train(context.Background()))
			for _, name := range results {
				require.Equal(t, read(t, whole, name), read(t, dir, name), name)
			}
		})
	}
}

// TestResumeAfterACrash ends runs without a chance to save: what was done since
// the last checkpoint is done again, and the losses have no row twice.
// renamed is a backend of another name.
type renamed struct {
	backend.Backend
	name string
}

func (r renamed) Name() string { return r.name }

// TestResumeElsewhere: a run that goes on on another kind of processor is told that the
// bits will differ, and one with another number of threads is not: they will not.
func TestResumeElsewhere(t *testing.T) {
	cpu := newCPU(t)
	for name, differs := range map[string]bool{
		"cpu (avx2, 1 thread)": false, "cpu (avx2, 8 threads)": false, "cpu (avx512, 2 threads)": true, "opengl (card)": true,
		"cpu (avx2, 2 threads, precise)": true,
	} {
		cfg := inFolder(t.TempDir())
		cfg.Steps = 1
		run(t, renamed{cpu, "cpu (avx2, 2 threads)"}, cfg)
		cfg.Resume, cfg.Steps = true, 2
		warned := false
		cfg.Events.OnLog = func(line string) { warned = warned || strings.Contains(line, "will differ in rounding") }
		run(t, renamed{cpu, name}, cfg)
		require.Equal(t, differs, warned, name)
	}
}

func TestResumeAfterACrash(t *testing.T) {
	be := newCPU(t)
	whole := t.TempDir()
	run(t, be, inFolder(whole))
	for _, crash := range []int{1, 2, 3, 4, 9, 11} {
		dir := t.TempDir()
		cfg := inFolder(dir)
		cfg.Events.OnStep = func(e *train.StepEvent) {
			if e.Step == crash {
				panic("crash")
			}
		}
		trainer := newTrainer(t, be, cfg, 1)
		require.PanicsWithValue(t, "crash", func() { trainer.Train(context.Background()) })
		f, err := os.OpenFile(filepath.Join(dir, "losses.csv"), os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteString("12,3,") // a row that was not finished
		require.NoError(t, errors.Join(err, f.Close()))

		cfg = inFolder(dir)
		cfg.Resume = true
		require.NoError(t, newTrainer(t, be, cfg, 99).Train(context.Background()))
		for _, name := range results {
			require.Equal(t, read(t, whole, name), read(t, dir, name), "%s after a crash at step %d", name, crash)
		}
	}
}

func TestResumeOfAFinishedRun(t *testing.T) {
	be := newCPU(t)
	dir := t.TempDir()
	cfg := inFolder(dir)
	cfg.Epochs = 2
	run(t, be, cfg)
	before := read(t, dir, "final.pth")

	cfg.Resume = true
	run(t, be, cfg)
	require.Equal(t, before, read(t, dir, "final.pth"), "nothing is left to do")

	cfg.Epochs = 1
	err := newTrainer(t, be, cfg, 7).Train(context.Background())
	var beyond *train.BeyondError
	require.ErrorAs(t, err, &beyond)
	require.Equal(t, train.BeyondError{Done: 8, Total: 4}, *beyond)
	require.Equal(t, before, read(t, dir, "final.pth"))

	cfg.Epochs = 3
	run(t, be, cfg)
	whole := t.TempDir()
	run(t, be, inFolder(whole))
	for _, name := range results {
		requireSame(t, whole, dir, name)
	}
}

func TestResumeFallsBackToAnIntactState(t *testing.T) {
	be := newCPU(t)
	dir := t.TempDir()
	run(t, be, inFolder(dir))
	whole := read(t, dir, "final.pth")
	require.NoError(t, os.Truncate(filepath.Join(dir, "state-000000012.safetensors"), 1000))
	var lines []string
	cfg := inFolder(dir)
	cfg.Resume = true
	cfg.Events.OnLog = func(line string) { lines = append(lines, line) }
	run(t, be, cfg)
	require.Contains(t, lines[0], "Warning: skipped a damaged training state")
	require.Contains(t, lines[0], "state-000000012.safetensors")
	require.Equal(t, "Resuming after step 11 of 12", lines[1])
	require.Equal(t, whole, read(t, dir, "final.pth"))
}

func TestResumeErrors(t *testing.T) {
	be := newCPU(t)
	dir := t.TempDir()
	cfg := inFolder(dir)
	cfg.Resume = true
	require.ErrorIs(t, newTrainer(t, be, cfg, 1).Train(context.Background()), checkpoint.ErrNone)

	run(t, be, inFolder(dir))
	err := newTrainer(t, be, inFolder(dir), 1).Train(context.Background())
	require.ErrorContains(t, err, "it holds a run already")

	cfg.StyleWeight, cfg.Seed = 3e9, 4
	err = newTrainer(t, be, cfg, 1).Train(context.Background())
	require.ErrorContains(t, err, "cannot resume: the settings differ from those that the run began with: seed is 4, was 9; style weight is 3e+09, was 2e+09")

	held, err := checkpoint.Open(dir, 2)
	require.NoError(t, err)
	defer held.Close()
	cfg = inFolder(dir)
	cfg.Resume = true
	require.ErrorIs(t, newTrainer(t, be, cfg, 1).Train(context.Background()), checkpoint.ErrLocked)
}

// TestCancel cancels before the first step and while a sample is made.
func TestCancel(t *testing.T) {
	be := newCPU(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	require.ErrorIs(t, newTrainer(t, be, inFolder(dir), 1).Train(ctx), context.Canceled)
	cfg := inFolder(dir)
	cfg.Resume = true
	ctx, cancel = context.WithCancel(context.Background())
	cfg.Sampler = train.SamplerFunc(func(train.Model, string) error {
		cancel()
		return nil
	})
	trainer := newTrainer(t, be, cfg, 1)
	require.ErrorIs(t, trainer.Train(ctx), context.Canceled)
	require.FileExists(t, filepath.Join(dir, "state-000000003.safetensors"))
}
