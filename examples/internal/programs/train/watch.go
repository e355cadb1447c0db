package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/examples/internal/tensorboard"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/flicker"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
)

// watch follows a run: run.json, event files, the log on the terminal, and at the
// end the pictures that tell how it went.
type watch struct {
	job    *job
	style  *imageio.Image
	record *report.Run
	board  *tensorboard.Writer // nil if not wanted
	screen *screen
	steps  int
	losses map[string]report.Number // of the last step
	glance *flicker.Glance          // at the network that the next sample is of; nil if there is none
	still  report.Flicker           // of all samples
	layers *report.Layers           // of all steps
	failed error                    // of what is not worth stopping the training for
}

// The files of a run's folder that tell about it: its settings, the flicker of its
// samples, and the losses of single layers.
const (
	runFile     = "run.json"
	flickerFile = "flicker.csv"
	layersFile  = "layers.csv"
)

// newWatch opens what the run is written to besides its folder.
func newWatch(j *job, style *imageio.Image) (*watch, error) {
	w := &watch{job: j, style: style, losses: map[string]report.Number{}, layers: &report.Layers{}}
	if j.tensorboard != "" {
		var err error
		if w.board, err = tensorboard.Open(j.tensorboard); err != nil {
			return nil, fmt.Errorf("-tensorboard: %w", err)
		}
	}
	return w, nil
}

// start writes run.json: the folder is this run's now.
func (w *watch) start(step int) (err error) {
	j := w.job
	w.steps = step
	if w.board != nil && step > 0 {
		w.note(w.board.Restart(step))
	}
	if w.record, err = report.NewRun("train", j.settings, j.Seed, j.be.Name()); err != nil {
		return err
	}
	if j.Style != "" {
		if w.record.Style, err = report.HashFile(j.Style); err != nil {
			return err
		}
	}
	if j.VGG != inputs.RandomVGG && j.VGG != inputs.CompactVGG {
		if w.record.Weights, err = report.HashFile(j.VGG); err != nil {
			return err
		}
	}
	w.screen.introduce(j)
	w.predict()
	if step > 0 {
		w.still, err = report.ReadFlicker(j.file(flickerFile))
		w.note(err)
		w.still.Cut(step)
		w.recallLayers(step)
		losses, err := report.ReadLosses(j.lossesFile())
		if w.note(err); err == nil {
			w.recall(losses, step)
			w.screen.recall(losses, w.samples(), step)
		}
	}
	if step == j.cfg.TotalSteps(j.data.Len()) {
		w.screen.log(fmt.Sprintf("Nothing is left to train: all of the %s are done. More are asked for with -steps.", cli.Count(step, "step", "steps")))
	}
	if err := w.record.Write(j.file(runFile)); err != nil {
		return err
	}
	w.keep("style.png", w.style)
	w.keep("test.png", j.test)
	return nil
}

// recallLayers takes those of the steps that a resumed run has done; of other layers
// than are compared now it takes none.
func (w *watch) recallLayers(step int) {
	l, err := report.ReadLayers(w.job.file(layersFile))
	w.note(err)
	if _, parts := w.job.trainer.Terms(); err == nil && len(parts) > 0 && slices.Equal(l.Names, parts) {
		l.Cut(step)
		w.layers = l
	}
}

// addLayers notes the losses of a step's single layers.
func (w *watch) addLayers(e *train.StepEvent) {
	if w.layers.Names == nil {
		_, w.layers.Names = w.job.trainer.Terms()
	}
	if len(e.Parts) == len(w.layers.Names) {
		w.layers.Add(e.Step, values(e.Parts))
	}
}

// writeLayers leaves them in the folder, if there are any.
func (w *watch) writeLayers() {
	if w.layers.End(); len(w.layers.Rows) > 0 {
		w.note(w.layers.Write(w.job.file(layersFile)))
	}
}

// recall takes the losses of the step that a resumed run ended with.
func (w *watch) recall(losses *report.Losses, step int) {
	for i, row := range losses.Rows {
		if row.Step == step {
			values, _ := losses.Of(i)
			for k, name := range losses.Terms {
				w.losses[name] = report.Number(values[k])
			}
		}
	}
}

// keep leaves a picture in the folder for whoever looks at it later, unless there is a
// file of that name.
func (w *watch) keep(name string, m *imageio.Image) {
	if _, err := os.Lstat(w.job.file(name)); errors.Is(err, fs.ErrNotExist) {
		w.note(imageio.Save(w.job.file(name), m, imageio.SaveOptions{}))
	}
}

// terms returns the losses of the last step.
func (w *watch) terms() (names []string, values []float64) {
	names, _ = w.job.trainer.Terms()
	for _, name := range names {
		values = append(values, float64(w.losses[name]))
	}
	return names, values
}

// events connects the trainer.
func (w *watch) events() train.Events {
	return train.Events{OnStart: w.start, OnLog: w.log, OnStep: w.step, OnCheckpoint: w.checkpoint}
}

func (w *watch) log(line string) {
	w.screen.log(line)
}

func (w *watch) step(e *train.StepEvent) {
	w.steps = e.Step
	for _, l := range e.Terms {
		w.losses[l.Name] = report.Number(l.Value)
	}
	w.addLayers(e)
	w.screen.step(e)
	if w.board == nil {
		return
	}
	scalar := func(tag string, value float64) { w.note(w.board.Scalar(tag, e.Step, value)) }
	for _, l := range e.Terms {
		scalar("loss/"+l.Name, l.Value)
	}
	scalar("loss/total", e.Total())
	for _, l := range e.Parts {
		scalar(l.Name, l.Value)
	}
	scalar("learning_rate", e.LearningRate)
	scalar("images_per_second", e.ImagesPerSecond)
}

func (w *watch) checkpoint(c train.Checkpoint) {
	w.screen.bar.Saved(c.Step)
	w.screen.page.Sample(c.Step, c.Sample)
	w.flicker(c.Step)
	w.writeLayers()
	if w.board == nil {
		return
	}
	png, err := os.ReadFile(c.Sample)
	if err == nil {
		err = w.board.Image("sample", c.Step, png, w.job.test.W, w.job.test.H)
	}
	w.note(err)
}

// note keeps the first error of something that must not stop the training.
func (w *watch) note(err error) {
	if w.failed == nil {
		w.failed = err
	}
}

// end completes the run's folder, whatever became of the run.
func (w *watch) end(ctx context.Context, result error) error {
	defer w.screen.close()
	if w.record == nil {
		return nil // it never started
	}
	outcome := "finished"
	switch {
	case result != nil && ctx.Err() != nil:
		outcome = "stopped"
	case result != nil:
		outcome = "failed: " + printable.Error(result)
	}
	w.screen.end(outcome)
	w.writeLayers()
	w.record.End(outcome, w.steps, w.losses)
	errs := []error{w.failed, w.record.Write(w.job.file(runFile))}
	losses, err := report.ReadLosses(w.job.lossesFile())
	if err == nil && len(losses.Rows) > 0 {
		err = report.PlotLosses(w.job.file("losses.png"), losses)
	}
	errs = append(errs, err)
	errs = append(errs, w.last(outcome == "finished"))
	if samples := w.samples(); len(samples) > 0 {
		errs = append(errs, report.SaveSamples(w.job.file("samples.png"), w.style, w.job.test, samples))
	}
	return errors.Join(errs...)
}

// lastFile is the sample of the last step of a run that did not come to its end, whose
// final.png would show it.
const lastFile = "last.png"

// last makes the sample of the last step, of a finished run done already.
func (w *watch) last(done bool) error {
	path := w.job.file(lastFile)
	if done || w.steps == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return w.job.styled(w.job.net.StateDict(), path)
}

// samples lists the sample pictures in the folder, those of earlier parts of a
// resumed run among them, by step.
func (w *watch) samples() []report.Sample {
	files, _ := filepath.Glob(w.job.file("ckpt_epoch_*_batch_id_*.png")) // the pattern is valid
	perEpoch := dataset.Batches(w.job.data.Len(), w.job.BatchSize)
	var samples []report.Sample
	for _, f := range files {
		var epoch, batch int
		if _, err := fmt.Sscanf(filepath.Base(f), "ckpt_epoch_%d_batch_id_%d.png", &epoch, &batch); err == nil {
			step := epoch*perEpoch + batch
			samples = append(samples, report.Sample{Step: step, Path: f, Note: w.still.Of(step)})
		}
	}
	for _, name := range []string{"final.png", lastFile} {
		if slices.ContainsFunc(samples, func(s report.Sample) bool { return s.Step == w.steps }) {
			break // a checkpoint shows it
		}
		if _, err := os.Stat(w.job.file(name)); err == nil {
			samples = append(samples, report.Sample{Step: w.steps, Path: w.job.file(name), Note: w.still.Of(w.steps)})
			break
		}
	}
	slices.SortFunc(samples, func(a, b report.Sample) int { return a.Step - b.Step })
	return samples
}

func (w *watch) close() {
	if w.board != nil {
		w.note(w.board.Close())
	}
}
