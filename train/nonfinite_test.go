package train_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// faulty is a backend whose losses or gradients can be spoiled.
type faulty struct {
	backend.Backend
	loss, gradient func() bool // whether to spoil the next one
}

func newFaulty(t *testing.T) *faulty {
	never := func() bool { return false }
	return &faulty{newCPU(t), never, never}
}

func (f *faulty) MSE(dst, a, b backend.Buffer, weight float32) {
	f.Backend.MSE(dst, a, b, weight)
	if f.loss() {
		f.Fill(dst, float32(math.Inf(1)))
	}
}

func (f *faulty) GramGrad(dx, dg, x backend.Buffer, add bool) {
	f.Backend.GramGrad(dx, dg, x, add)
	if f.gradient() {
		f.Fill(dx, float32(math.NaN()))
	}
}

// atStep returns a switch that is on during the given step, the first times that
// the run comes there. calls is how often a step asks.
func atStep(step, calls, times int) func() bool {
	n := 0
	return func() bool {
		n++
		at := (n-1)/calls + 1
		return at >= step && at < step+times
	}
}

func TestNonFiniteStops(t *testing.T) {
	for name, spoil := range map[string]func(*faulty){
		"loss":     func(f *faulty) { f.loss = atStep(5, 3, 1) },     // content and two style layers
		"gradient": func(f *faulty) { f.gradient = atStep(5, 2, 1) }, // two style layers
	} {
		t.Run(name, func(t *testing.T) {
			be := newFaulty(t)
			spoil(be)
			dir := t.TempDir()
			cfg := inFolder(dir)
			cfg.Shuffle = false
			trainer := newTrainer(t, be, cfg, 1)
			err := trainer.Train(context.Background())
			var bad *train.NonFiniteError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, 5, bad.Step)
			require.Equal(t, 1, bad.Epoch)
			require.Equal(t, 0, bad.Batch)
			require.Equal(t, []string{"image 0", "image 1"}, bad.Images)
			require.ErrorContains(t, err, "step 5 (epoch 2, batch 1): not finite")
			require.ErrorContains(t, err, "image 0, image 1")
			require.Equal(t, name == "gradient", !math.IsInf(bad.Losses.Term("content"), 0))

			// Nothing was saved over the checkpoint of step 3, and the good step after
			// it is saved too: the weights are those after step 4.
			require.NoFileExists(t, filepath.Join(dir, "final.pth"))
			require.Equal(t, 5, strings.Count(read(t, dir, "losses.csv"), "\n"), "a header and four rows")
			s, err := checkpoint.Read(filepath.Join(dir, "state-000000003.safetensors"))
			require.NoError(t, err)
			require.Equal(t, 3, s.Step)
			s, err = checkpoint.Newest(dir)
			require.NoError(t, err)
			require.Equal(t, 4, s.Step)
			require.Equal(t, weights(trainer), s.Weights)
			four := inFolder(t.TempDir())
			four.Shuffle, four.Steps = false, 4
			require.Equal(t, weights(run(t, newFaulty(t), four)), weights(trainer))
		})
	}
}

func TestRollback(t *testing.T) {
	be := newFaulty(t)
	be.gradient = atStep(5, 2, 1)
	dir := t.TempDir()
	cfg := inFolder(dir)
	cfg.OnNonFinite = train.Rollback
	var steps []int
	var rates []float64
	var lines []string
	cfg.Events.OnStep = func(e *train.StepEvent) {
		steps, rates = append(steps, e.Step), append(rates, e.LearningRate)
	}
	cfg.Events.OnLog = func(line string) { lines = append(lines, line) }
	run(t, be, cfg)
	require.Equal(t, []int{1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11, 12}, steps, "back to the checkpoint of step 3")
	for i, rate := range rates {
		want := 1e-3
		if i >= 4 {
			want /= 2
		}
		require.Equal(t, want, rate)
	}
	require.Contains(t, strings.Join(lines, "\n"), "going back to step 3 with learning rate 0.0005")
	rows := strings.Split(strings.TrimSpace(read(t, dir, "losses.csv")), "\n")
	require.Len(t, rows, 13)
	for i, row := range rows[1:] {
		require.True(t, strings.HasPrefix(row, strings.Split("1 2 3 4 5 6 7 8 9 10 11 12", " ")[i]+","), row)
	}

	rates = nil
	cfg.Resume, cfg.Epochs = true, 4
	require.NoError(t, newTrainer(t, be, cfg, 1).Train(context.Background()))
	require.Equal(t, []float64{5e-4, 5e-4, 5e-4, 5e-4}, rates, "a resumed run keeps the lower rate")
}

func TestRollbackGivesUp(t *testing.T) {
	be := newFaulty(t)
	be.loss = atStep(5, 3, math.MaxInt32)
	cfg := small() // without a folder it goes back to its beginning
	cfg.OnNonFinite = train.Rollback
	trainer := newTrainer(t, be, cfg, 1)
	before := weights(trainer)
	err := trainer.Train(context.Background())
	require.ErrorContains(t, err, "gave up after going back 10 times, at last to step 0")
	require.ErrorContains(t, err, "step 1 ")
	require.Equal(t, before, weights(trainer))
}

// TestRealOverflow has the numbers themselves run over.
func TestRealOverflow(t *testing.T) {
	cfg := inFolder(t.TempDir())
	cfg.StyleWeight = math.MaxFloat32
	var bad *train.NonFiniteError
	trainer := newTrainer(t, newCPU(t), cfg, 1)
	before := weights(trainer)
	require.ErrorAs(t, trainer.Train(context.Background()), &bad)
	require.Equal(t, 1, bad.Step)
	require.Equal(t, before, weights(trainer))
	entries, err := os.ReadDir(cfg.CheckpointDir)
	require.NoError(t, err)
	require.Len(t, entries, 3, "the lock, the losses and the state of the beginning")
}
