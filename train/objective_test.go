package train_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// recorded is what testdata/objectives.py wrote.
var recorded struct {
	Schedules map[string][]float64 `json:"schedules"`
	TV        struct {
		Weight  float64 `json:"weight"`
		Loss    float64 `json:"loss"`
		Y, Grad []float32
	} `json:"tv"`
}

func readRecorded(t *testing.T) {
	b, err := os.ReadFile("testdata/objectives.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &recorded))
}

func TestSchedulesMatchPyTorch(t *testing.T) {
	readRecorded(t)
	require.Len(t, recorded.Schedules, 6)
	for text, rates := range recorded.Schedules {
		s, err := train.ParseSchedule(text)
		require.NoError(t, err)
		for step, want := range rates {
			require.InDelta(t, want, 0.01*s.Factor(step, len(rates)), 1e-8, "%s, step %d", text, step)
		}
		again, err := train.ParseSchedule(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
	}
	require.Equal(t, 0.1, train.Cosine{Least: 0.1}.Factor(25, 20), "of a run that was prolonged")
	for _, text := range []string{"cos", "step", "step:0:1", "step:5:2", "step:5:x", "cosine:-1", "warmup", "warmup:0",
		"warmup:3,", "warmup:3,warmup:3", "warmup:3,cos", "cosine,step:1:1", "step:1:1:1"} {
		_, err := train.ParseSchedule(text)
		if text == "warmup:3," {
			require.NoError(t, err) // constant then
			continue
		}
		require.ErrorContains(t, err, "want constant, step:EVERY:BY", text)
	}
}

func TestTotalVariationMatchesPyTorch(t *testing.T) {
	readRecorded(t)
	for _, be := range []backend.Backend{reference.New(), newCPU(t)} {
		o := train.TotalVariation{Weight: recorded.TV.Weight}
		y := tensor.FromSlice(be, tensor.Shape{2, 3, 5, 7}, recorded.TV.Y).RequireGrad()
		tp := tensor.NewTape(be)
		losses := o.Losses(nil, &train.Pass{Tape: tp, Output: y})
		require.Len(t, losses, 1)
		require.InEpsilon(t, recorded.TV.Loss, float64(losses[0].Item()), 1e-6)
		tp.Backward(losses...)
		require.Less(t, relativeL2(t, recorded.TV.Grad, y.Grad()), 1e-6)
	}
}

// wobble is an objective of a user: the output should not change when the input is
// moved by noise, ever more so in the course of the run.
type wobble struct {
	weight float64
	last   []float32 // the noise of the last step
}

func (w *wobble) Terms() []string { return []string{"wobble"} }

func (w *wobble) Describe(settings map[string]string) {
	settings["wobble weight"] = fmt.Sprint(w.weight)
}

func (w *wobble) Losses(dst []*tensor.Tensor, p *train.Pass) []*tensor.Tensor {
	s := p.Input.Shape()
	noise := tensor.New(p.Tape.Backend(), s)
	defer noise.Free()
	w.last = w.last[:0]
	for i := range s[0] {
		rng := p.Rand("wobble", i)
		for range s.Len() / s[0] {
			w.last = append(w.last, float32(4*rng.NormFloat64()))
		}
	}
	noise.Write(w.last)
	moved := p.Tape.Add(p.Input, noise)
	y := p.Model.Forward(p.Tape, moved)
	p.Tape.Release(moved)
	ramp := float64(p.Step+1) / float64(p.Steps)
	loss := p.Tape.MSE(p.Output, y, float32(w.weight*ramp))
	p.Tape.Release(y)
	return append(dst, loss)
}

// withEverything returns settings that use all that a Trainer offers.
func withEverything(dir string) train.Config {
	cfg := inFolder(dir)
	cfg.Schedule = train.WarmUp{Steps: 2, Then: train.Cosine{Least: 0.1}}
	cfg.WeightDecay, cfg.MaxGradNorm = 0.1, 1e5
	still, err := train.NewStability(train.DefaultStability(3))
	if err != nil {
		panic(err)
	}
	cfg.Objectives = []train.Objective{train.TotalVariation{Weight: 0.5}, &wobble{weight: 10}, still}
	return cfg
}

// TestResumeWithEverything stops runs with all options after every step: what goes on
// is the same to the last bit, the random numbers of an objective included.
func TestResumeWithEverything(t *testing.T) {
	be := newCPU(t)
	whole := t.TempDir()
	run(t, be, withEverything(whole))
	for stop := 1; stop <= 11; stop += 2 {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		cfg := withEverything(dir)
		cfg.Events.OnStep = func(e *train.StepEvent) {
			if e.Step == stop {
				cancel()
			}
		}
		require.ErrorIs(t, newTrainer(t, be, cfg, 1).Train(ctx), context.Canceled)
		cfg = withEverything(dir)
		cfg.Resume = true
		if stop == 5 { // another length does not change the curve of the rates
			cfg.Epochs = 4
			cfg.Steps = 12
		}
		require.NoError(t, newTrainer(t, be, cfg, 99).Train(context.Background()))
		for _, name := range results {
			require.Equal(t, read(t, whole, name), read(t, dir, name), "%s after a stop at %d", name, stop)
		}
	}
	plain := t.TempDir()
	run(t, be, inFolder(plain))
	require.NotEqual(t, read(t, plain, "final.pth"), read(t, whole, "final.pth"))
}

// TestTermsAreShownByName trains with two more objectives.
func TestTermsAreShownByName(t *testing.T) {
	be := newCPU(t)
	cfg := withEverything(t.TempDir())
	cfg.Objectives = cfg.Objectives[:2]
	var rates []float64
	var lines []string
	cfg.Events.OnStep = func(e *train.StepEvent) {
		rates = append(rates, e.LearningRate)
		require.InEpsilon(t, e.Term("content")+e.Term("style")+e.Term("tv")+e.Term("wobble"), e.Total(), 1e-12)
		require.Positive(t, e.Term("wobble"))
		require.Positive(t, e.Term("tv"))
	}
	cfg.Events.OnLog = func(line string) { lines = append(lines, line) }
	trainer := run(t, be, cfg)
	for i, rate := range rates {
		require.InDelta(t, 1e-3*cfg.Schedule.Factor(i, 12), rate, 1e-15)
	}
	terms, parts := trainer.Terms()
	require.Equal(t, []string{"content", "style", "tv", "wobble"}, terms)
	require.Equal(t, []string{"style/relu1_2", "style/relu2_2"}, parts)
	require.Regexp(t, `  content: \d+\.\d{4}  style: \d+\.\d{4}  tv: \d+\.\d{4}  wobble: \d+\.\d{4}  total: \d+\.\d{4}$`, lines[0])
	require.True(t, strings.HasPrefix(read(t, cfg.Losses), "step,epoch,images,content,style,tv,wobble,total\n1,1,2,"))
	s, err := checkpoint.Read(filepath.Join(cfg.CheckpointDir, "state-000000012.safetensors"))
	require.NoError(t, err)
	require.Len(t, s.LossSums, 4)
	require.Equal(t, "0.5", s.Settings["tv weight"])
	require.Equal(t, "warmup:2,cosine:0.1", s.Settings["schedule"])

	cfg.Resume, cfg.Objectives, cfg.WeightDecay = true, cfg.Objectives[:1], 0.2
	err = newTrainer(t, be, cfg, 1).Train(context.Background())
	require.ErrorContains(t, err, "weight decay is 0.2, was 0.1; wobble weight is not set, was 10")
	cfg = inFolder(t.TempDir())
	cfg.Losses = filepath.Join(t.TempDir(), "losses.csv")
	require.NoError(t, os.WriteFile(cfg.Losses, []byte("step,epoch,images,content,style,tv,total\n"), 0o666))
	err = newTrainer(t, be, cfg, 1).Train(context.Background())
	require.ErrorContains(t, err, `it has the columns "step,epoch,images,content,style,tv,total", this run "step,epoch,images,content,style,total"`)
}

// TestClippedGradients has limits that are never and always exceeded. Results that are
// read late change nothing, as the limit is kept without reading the norm.
func TestClippedGradients(t *testing.T) {
	trained := func(be backend.Backend, norm float64) *train.Trainer {
		cfg := small()
		cfg.MaxGradNorm = norm
		return run(t, be, cfg)
	}
	none, loose, tight := trained(newFaulty(t), 0), trained(newFaulty(t), 1e30), trained(newFaulty(t), 1e-3)
	require.Equal(t, weights(none), weights(loose), "a limit that is never met")
	require.NotEqual(t, weights(none), weights(tight))
	late := newQueued(t)
	require.Equal(t, weights(tight), weights(trained(late, 1e-3)))
	require.Zero(t, late.scalars)
}

// drawn is a Model that is no network of the module: a bias per channel.
type drawn struct{ scale, shift *tensor.Tensor }

func (d *drawn) Forward(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return tp.Conv2d(x, d.scale, d.shift, tensor.Conv2dOptions{})
}

func (d *drawn) Params() []nn.Param {
	return []nn.Param{
		{Name: "scale", Shape: []int{3, 3, 1, 1}, Tensor: d.scale}, {Name: "shift", Shape: []int{3}, Tensor: d.shift},
	}
}

// gray is the objective that the output is gray.
type gray struct{ target *tensor.Tensor }

func (g gray) Terms() []string { return []string{"gray"} }

func (g gray) Losses(dst []*tensor.Tensor, p *train.Pass) []*tensor.Tensor {
	return append(dst, p.Tape.MSE(p.Output, g.target, 1))
}

// TestOwnModel trains a model of one convolution with an objective of its own alone.
func TestOwnModel(t *testing.T) {
	be := newCPU(t)
	model := &drawn{
		tensor.FromSlice(be, tensor.Shape{3, 3, 1, 1}, []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}).RequireGrad(),
		tensor.FromSlice(be, tensor.Vec(3), make([]float32, 3)).RequireGrad(),
	}
	target := tensor.New(be, tensor.Shape{1, 3, 10, 10})
	be.Fill(target.Buffer(), 128)
	cfg := train.Default()
	cfg.BatchSize, cfg.ImageSize, cfg.Epochs, cfg.LearningRate = 1, 10, 100, 0.1
	cfg.Objectives = []train.Objective{gray{target}}
	var first, last float64
	cfg.Events.OnStep = func(e *train.StepEvent) {
		if last = e.Total(); e.Step == 1 {
			first = last
		}
	}
	trainer, err := train.NewTrainer(be, model, pictures(7), cfg)
	require.NoError(t, err)
	defer trainer.Close()
	require.NoError(t, trainer.Train(context.Background()))
	require.Less(t, last, first/2)
	require.Less(t, last, 1000.0)
	require.False(t, math.IsNaN(last))
}

// named is an objective with the given terms.
type named []string

func (n named) Terms() []string { return n }

func (n named) Losses(dst []*tensor.Tensor, p *train.Pass) []*tensor.Tensor { return dst }

func TestObjectiveErrors(t *testing.T) {
	be := newCPU(t)
	model := nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1)
	for want, objectives := range map[string][]train.Objective{
		"no Objectives are given":   nil,
		`the term "" has a name`:    {named{""}},
		`the term "a,b"`:            {named{"a,b"}},
		`the term "total"`:          {named{"total"}},
		`the term "step/x"`:         {named{"step/x"}},
		`the term "a" has a name`:   {named{"a"}, named{"a"}},
		`the term "a/y" is another`: {named{"a/x"}, named{"a/y"}},
		`the term "a" is another`:   {named{"a/x", "a"}},
	} {
		cfg := small()
		cfg.Objectives = objectives
		_, err := train.NewTrainer(be, model, pictures(2), cfg)
		require.ErrorContains(t, err, want)
	}
	cfg := small()
	cfg.Objectives = []train.Objective{named{"lost"}}
	trainer, err := train.NewTrainer(be, model, pictures(2), cfg)
	require.NoError(t, err)
	defer trainer.Close()
	require.PanicsWithValue(t, "train: the objectives gave 0 losses for 1 terms", func() { _, _ = trainer.Step(batchOf(2, 16, 1)) })
}
