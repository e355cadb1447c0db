package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

// requireFiniteFiles reads all that a run has written.
func requireFiniteFiles(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, f := range files {
		switch filepath.Ext(f) {
		case ".pth":
			d, err := pth.ReadFile(f)
			require.NoError(t, err)
			require.NoError(t, d.CheckFinite(), f)
		case ".safetensors", ".abandoned":
			s, err := checkpoint.Read(f)
			require.NoError(t, err)
			for _, d := range []statedict.Dict{s.Weights, s.ExpAvg, s.ExpAvgSq} {
				require.NoError(t, d.CheckFinite(), f)
			}
		}
	}
}

// TestInfiniteWeightsAreNeverSaved: a learning rate with which one step makes the
// weights infinite, from finite losses and gradients.
func TestInfiniteWeightsAreNeverSaved(t *testing.T) {
	for _, policy := range []train.Policy{train.Stop, train.Rollback} {
		for _, steps := range []int{1, 0} { // at the end, and at a checkpoint
			dir := t.TempDir()
			cfg := inFolder(dir)
			cfg.LearningRate, cfg.Steps, cfg.CheckpointInterval, cfg.OnNonFinite = 1e38, steps, 1, policy
			trainer := newTrainer(t, newCPU(t), cfg, 1)
			before := weights(trainer)
			err := trainer.Train(context.Background())
			var bad *train.NonFiniteError
			var tensor *statedict.NonFinite
			require.ErrorAs(t, err, &bad)
			if policy == train.Stop { // later attempts, at lower rates, have other faults
				require.ErrorAs(t, err, &tensor)
				require.Equal(t, 1, bad.Step)
				require.ErrorContains(t, err, "nothing of it is saved")
			}
			require.Equal(t, before, weights(trainer))
			requireFiniteFiles(t, dir)
			require.NoFileExists(t, filepath.Join(dir, "final.pth"))
		}
	}
	cfg := small()
	for _, v := range []float64{1e39, math.Inf(1), math.NaN(), 0, -1} {
		cfg.LearningRate = v
		require.ErrorContains(t, cfg.Validate(), "LearningRate")
	}
	cfg = small()
	cfg.StyleWeight = 1e39
	require.ErrorContains(t, cfg.Validate(), "StyleWeight")
}

// TestRollbackTakesAnOlderState: the newest state is finite and still leads nowhere.
func TestRollbackTakesAnOlderState(t *testing.T) {
	for keep, wantLast := range map[int]string{2: "going back to step 4", 4: "going back to step 2"} {
		be := newFaulty(t)
		dir := t.TempDir()
		cfg := inFolder(dir)
		cfg.OnNonFinite, cfg.CheckpointInterval, cfg.Keep = train.Rollback, 1, keep
		// From the sixth step on every loss is spoiled, until the run has gone back
		// below the states that it is offered.
		be.loss = atStep(6, 3, math.MaxInt32)
		var back []string
		cfg.Events.OnLog = func(line string) {
			if i := strings.Index(line, "going back to step "); i >= 0 {
				back = append(back, line[i:i+len("going back to step 0")])
			}
		}
		err := newTrainer(t, be, cfg, 1).Train(context.Background())
		require.ErrorContains(t, err, "gave up after going back 10 times")
		require.Len(t, back, train.MaxRollbacks)
		require.Equal(t, "going back to step 5", back[0])
		require.Equal(t, "going back to step 4", back[2], "the third time")
		require.Equal(t, wantLast, back[9])
		requireFiniteFiles(t, dir)
	}
}

// TestRollbackEnds: a step that fails whatever the learning rate ends the run, though
// each attempt gets to save a state before it.
func TestRollbackEnds(t *testing.T) {
	be := newFaulty(t)
	cfg := inFolder(t.TempDir())
	cfg.OnNonFinite, cfg.CheckpointInterval, cfg.Keep = train.Rollback, 1, 3
	step := 0
	cfg.Events.OnStep = func(e *train.StepEvent) { step = e.Step }
	cfg.Events.OnLog = func(line string) {
		if i := strings.Index(line, "going back to step "); i >= 0 {
			fmt.Sscanf(line[i:], "going back to step %d", &step)
		}
	}
	be.loss = func() bool { return step == 6 }
	err := newTrainer(t, be, cfg, 1).Train(context.Background())
	require.ErrorContains(t, err, "gave up after going back 10 times")
	require.ErrorContains(t, err, "step 7 ")
}

// TestResumeWithAnotherRate continues a run that was stopped by a bad step.
func TestResumeWithAnotherRate(t *testing.T) {
	be := newFaulty(t)
	be.loss = atStep(6, 3, 1)
	dir := t.TempDir()
	cfg := inFolder(dir)
	cfg.Keep = 9
	var bad *train.NonFiniteError
	require.ErrorAs(t, newTrainer(t, be, cfg, 1).Train(context.Background()), &bad)
	require.Equal(t, 6, bad.Step)

	rates := func(cfg train.Config) (first int, rate float64, lines string) {
		cfg.Resume = true
		cfg.Events.OnStep = func(e *train.StepEvent) {
			if first == 0 {
				first, rate = e.Step, e.LearningRate
			}
		}
		cfg.Events.OnLog = func(line string) { lines += line + "\n" }
		require.NoError(t, newTrainer(t, be, cfg, 9).Train(context.Background()))
		return first, rate, lines
	}
	cfg.LearningRate, cfg.Steps = 5e-4, 8
	first, rate, lines := rates(cfg)
	require.Equal(t, 6, first, "the good steps before the bad one were saved")
	require.Equal(t, 5e-4, rate)
	require.Contains(t, lines, "Going on with learning rate 0.0005, which was 0.001")
	cfg.Steps = 10
	first, rate, lines = rates(cfg)
	require.Equal(t, 9, first)
	require.Equal(t, 5e-4, rate)
	require.NotContains(t, lines, "Going on with")

	// Back to an earlier state, of which only later ones are set aside.
	cfg.ResumeFrom, cfg.LearningRate, cfg.Steps = 4, 1e-4, 5
	first, rate, _ = rates(cfg)
	require.Equal(t, 4, first, "the newest state up to step 4 is that of step 3")
	require.Equal(t, 1e-4, rate)
	s, err := checkpoint.Newest(dir)
	require.NoError(t, err)
	require.Equal(t, 5, s.Step)
	require.FileExists(t, filepath.Join(dir, "state-000000010.safetensors.abandoned"))

	// Everything else must still be as it was.
	cfg.ResumeFrom, cfg.BatchSize, cfg.Resume = 0, 3, true
	require.ErrorContains(t, newTrainer(t, be, cfg, 9).Train(context.Background()), "batch size is 3, was 2")
}

// TestBeginAgain: a run that was killed before its first step can be begun again, with
// other settings too, and one that has done a step cannot.
func TestBeginAgain(t *testing.T) {
	be := newCPU(t)
	dir := t.TempDir()
	cfg := inFolder(dir)
	cfg.Events.OnStart = func(int) error { panic("killed") }
	require.Panics(t, func() { newTrainer(t, be, cfg, 1).Train(context.Background()) })
	require.FileExists(t, filepath.Join(dir, "state-000000000.safetensors"))
	cfg = inFolder(dir)
	cfg.Steps, cfg.BatchSize = 1, 3
	run(t, be, cfg)
	require.ErrorContains(t, newTrainer(t, be, cfg, 1).Train(context.Background()), "it holds a run already")
}

// TestOrigin: what the program that trains needs to resume is in every state.
func TestOrigin(t *testing.T) {
	dir := t.TempDir()
	cfg := inFolder(dir)
	cfg.Origin, cfg.Keep = `{"dataset": "x"}`, 9
	run(t, newCPU(t), cfg)
	files, err := filepath.Glob(filepath.Join(dir, "state-*"))
	require.NoError(t, err)
	require.Len(t, files, 5)
	for _, f := range files {
		s, err := checkpoint.Read(f)
		require.NoError(t, err)
		require.Equal(t, cfg.Origin, s.Origin)
	}
	require.NoError(t, os.Remove(files[4]))
}

// TestOtherInputsAreRefused: a run is not resumed with other pictures, in whatever
// way, another style, or another VGG-19; states of the time before pictures had
// fingerprints are.
func TestOtherInputsAreRefused(t *testing.T) {
	be := newCPU(t)
	dir := t.TempDir()
	begin := inFolder(dir)
	begin.Steps = 3
	run(t, be, begin)
	resume := begin
	resume.Resume = true
	with := func(vggSeed, styleSeed uint64, data dataset.Source, cfg train.Config) error {
		trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 5), vgg.Random(be, vggSeed, vgg.Relu22), picture(20, 30, styleSeed), data, cfg)
		require.NoError(t, err)
		defer trainer.Close()
		return trainer.Train(context.Background())
	}
	require.NoError(t, with(1, 5, pictures(7), resume))
	other := pictures(7)
	other[3] = picture(16, 17, 999)
	swapped := pictures(7)
	swapped[0], swapped[3] = swapped[3], swapped[0]
	for what, err := range map[string]error{
		"vgg weights":         with(2, 5, pictures(7), resume),
		"style picture":       with(1, 6, pictures(7), resume),
		"pictures is 6":       with(1, 5, pictures(7)[:6], resume),
		"names and sizes":     with(1, 5, other, resume),
		"names and sizes of ": with(1, 5, swapped, resume),
	} {
		require.ErrorContains(t, err, "cannot resume")
		require.ErrorContains(t, err, what)
	}
	s, err := checkpoint.Newest(dir)
	require.NoError(t, err)
	delete(s.Settings, "names and sizes of the pictures")
	d, err := checkpoint.Open(dir, 3)
	require.NoError(t, err)
	require.NoError(t, errors.Join(d.Save(s), d.Close()))
	require.NoError(t, with(1, 5, pictures(7), resume))
}
