package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/ranks"
)

// run is one call of Train.
type run struct {
	*Trainer
	dir       *checkpoint.Dir // nil if nothing is saved
	losses    *lossFile       // nil if not wanted
	good      *checkpoint.State
	rollbacks int       // since a step beyond failed was saved
	failed    int       // the step that the last of them was for
	stopping  bool      // a rank was told to
	agreed    bool      // all ranks know the error that ends the run
	unsaved   bool      // because saving failed, or what there is to save cannot be trusted
	total     int       // steps of the whole run
	last      time.Time // when results were read, or something else than training was done
	event     StepEvent
}

// BeyondError says that a run that is to be resumed has done more than it should: the
// Config's Steps or Epochs are too few, or ResumeFrom, an earlier state, is missing.
type BeyondError struct {
	Done  int // steps
	Total int // that the Config asks for
}

func (e *BeyondError) Error() string {
	return fmt.Sprintf("it has done %d steps already, and is to end after %d", e.Done, e.Total)
}

// Train trains until the steps or epochs of the Config are done, then saves
// final.pth and, with a Sampler, final.png in the checkpoint folder.
//
// When ctx is canceled, it finishes the step, saves the state and returns ctx's
// error; so it does with the error of a dataset that fails. It refuses to begin a
// run in a folder that holds one, and to resume one with other settings.
func (t *Trainer) Train(ctx context.Context) (err error) {
	r := &run{Trainer: t}
	defer func() {
		if e := r.end(); e != nil {
			err = errors.Join(err, e)
		}
	}()
	if err := r.begin(); err != nil {
		return err
	}
	if start := t.cfg.Events.OnStart; start != nil {
		err = start(r.progress.Step)
	}
	if err := ranks.Agree(t.cfg.Group, err); err != nil {
		return err
	}
	err = r.train(ctx)
	return errors.Join(err, t.cfg.Group.Barrier()) // nobody leaves while rank 0 saves
}

func (r *run) begin() error {
	r.total = r.cfg.TotalSteps(r.data.Len())
	if err := r.meet(); err != nil {
		return err
	}
	var s *checkpoint.State
	var err error
	if r.cfg.Group.Rank() == 0 {
		s, err = r.open()
	}
	if err = ranks.Agree(r.cfg.Group, err); err != nil {
		return err
	}
	if s, err = r.sharing(s); err != nil {
		return err
	}
	if s != nil {
		err = r.resume(s)
	}
	if err == nil && r.cfg.Losses != "" {
		r.losses, err = openLosses(r.cfg.Losses, lossHeader(r.result.Terms), r.progress.Step)
	}
	r.good = r.state()
	if err == nil && r.dir != nil && !r.cfg.Resume {
		err = r.dir.Save(r.good)
	}
	return ranks.Agree(r.cfg.Group, err)
}

// open locks the folder and returns the state that the run continues from, or makes
// sure that there is no run and returns nil.
func (r *run) open() (s *checkpoint.State, err error) {
	if r.cfg.CheckpointDir == "" {
		return nil, nil
	}
	if r.dir, err = checkpoint.Open(r.cfg.CheckpointDir, r.cfg.Keep); err != nil {
		return nil, err
	}
	if !r.cfg.Resume {
		begun, err := r.dir.Begun()
		if err == nil && begun {
			err = errors.New("it holds a run already: resume that or choose another folder")
		}
		if err != nil {
			return nil, r.inFolder(err)
		}
		return nil, nil
	}
	limit := r.cfg.ResumeFrom
	if limit == 0 {
		limit = math.MaxInt
	}
	s, warnings, err := r.dir.LoadUpTo(limit)
	if err != nil {
		return nil, r.inFolder(err)
	}
	for _, w := range warnings {
		r.log("Warning: skipped a damaged training state: %v", w)
	}
	return s, nil
}

func (r *run) inFolder(err error) error {
	return fmt.Errorf("run folder %s: %w", r.cfg.CheckpointDir, err)
}

// resume continues from s.
func (r *run) resume(s *checkpoint.State) error {
	if err := r.restore(s); err != nil {
		return r.inFolder(fmt.Errorf("cannot resume: %w", err))
	}
	if s.Step > r.total {
		return r.inFolder(&BeyondError{Done: s.Step, Total: r.total})
	}
	if was, now := s.LearningRate, r.rate; was != now {
		r.log("Going on with learning rate %g, which was %g", now, was)
	}
	if name := r.be.Name(); threads.ReplaceAllString(s.Backend, "") != threads.ReplaceAllString(name, "") {
		r.log("Warning: the run began on %s and continues on %s: results will differ in rounding", s.Backend, name)
	}
	r.log("Resuming after step %d of %d", s.Step, r.total)
	return nil
}

func (r *run) train(ctx context.Context) error {
	for {
		err := r.steps(ctx)
		if err == nil {
			err = r.finish()
		}
		err = r.conclude(err)
		var bad *NonFiniteError
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &bad):
			return errors.Join(err, r.save())
		case r.cfg.OnNonFinite != Rollback:
			return errors.Join(err, r.stop(bad))
		case r.rollbacks == MaxRollbacks:
			err = fmt.Errorf("gave up after going back %d times, at last to step %d: %w", r.rollbacks, r.good.Step, err)
			return errors.Join(err, r.restore(r.good))
		}
		if err := r.rollback(bad); err != nil {
			return err
		}
	}
}

// steps trains from where the progress is to the end.
func (r *run) steps(ctx context.Context) error {
	cfg := &r.cfg
	loader, err := dataset.NewLoader(r.data, dataset.Options{
		BatchSize: cfg.BatchSize, ImageSize: cfg.ImageSize, Epochs: cfg.epochs(r.data.Len()),
		Shuffle: cfg.Shuffle, Seed: cfg.Seed,
		StartEpoch: r.progress.Epoch, StartBatch: r.progress.Batch,
		Workers: cfg.Workers, Prefetch: cfg.Prefetch, MaxBad: cfg.MaxBad,
		OnBad: func(b dataset.BadFile) { r.log("Skipped %s: %v", b.Name, b.Err) },
		Rank:  cfg.Group.Rank(), Ranks: cfg.Group.Size(),
	})
	if err != nil {
		return err
	}
	defer loader.Close()
	waiting := ctx
	if r.together() {
		waiting = context.WithoutCancel(ctx) // all stop together, after a step
	}
	r.last = time.Now()
	for r.progress.Step+r.pending.n < r.total {
		batch, err := loader.Next(waiting)
		if err == io.EOF {
			break
		}
		if err = r.contribute(ctx, &batch, loader, err); err != nil {
			if e := r.collect(); e != nil { // it happened before
				return e
			}
			return err
		}
		r.update(&batch)
		if r.due(batch.Index + 1) {
			if err := r.collect(); err != nil {
				return err
			}
		}
		if r.stopping {
			r.agreed = true
			return context.Canceled
		}
	}
	return r.collect()
}

// readInterval is how often the results of steps are read at least, so that
// whoever watches sees the run live.
const readInterval = time.Second

// due reports whether to read the results after so many batches of an epoch: of
// each if that costs nothing, otherwise when somebody needs them.
func (r *run) due(batch int) bool {
	step := r.progress.Step + r.pending.n
	return r.pending.full() || r.ends(r.cfg.LogInterval, batch, step) || r.ends(r.cfg.CheckpointInterval, batch, step) ||
		time.Since(r.last) >= readInterval
}

// ends reports whether an interval ends after so many batches of an epoch, as the
// tutorial counts, or where no epoch is that long after so many steps of the run.
func (r *run) ends(interval, batch, step int) bool {
	if interval > dataset.Batches(r.data.Len(), r.cfg.BatchSize) {
		return step%interval == 0
	}
	return batch%interval == 0
}

// collect reads the results of the pending steps, and reports and saves what is due
// after each. After an error the progress still is that of the weights.
func (r *run) collect() error {
	steps, err := r.pending.read()
	if err != nil {
		r.unsaved = true // nobody knows how far the weights are
		return err
	}
	images := 0
	for _, s := range steps {
		images += s.images
	}
	now := time.Now()
	rate := float64(images) / max(now.Sub(r.last), time.Nanosecond).Seconds()
	r.last = now
	for _, s := range steps {
		if e := r.done(s, rate); err == nil {
			err = e
		}
	}
	return err
}

// done reports and saves what is due after a step.
func (r *run) done(s *pendingStep, rate float64) error {
	if err := r.check(s); err != nil {
		return err
	}
	p, losses := &r.progress, &r.result
	if s.epoch != p.Epoch {
		p.Epoch, p.Images = s.epoch, 0
		clear(p.LossSums)
	}
	p.Step++
	p.Batch = s.batch + 1
	p.Images += s.images
	for _, l := range losses.Terms {
		p.LossSums[l.Name] += l.Value
	}
	if r.losses != nil {
		if err := r.losses.add(p.Step, p.Epoch+1, p.Images, losses); err != nil {
			return err
		}
	}
	r.reportStep(s, rate)
	if r.ends(r.cfg.LogInterval, p.Batch, p.Step) {
		r.logProgress()
	}
	if r.cfg.CheckpointDir != "" && r.ends(r.cfg.CheckpointInterval, p.Batch, p.Step) {
		return r.checkpoint(fmt.Sprintf("ckpt_epoch_%d_batch_id_%d", p.Epoch, p.Batch), false)
	}
	return nil
}

func (r *run) reportStep(s *pendingStep, rate float64) {
	if r.cfg.Events.OnStep == nil {
		return
	}
	p := &r.progress
	r.event = StepEvent{
		Step: p.Step, TotalSteps: r.total, Epoch: p.Epoch, Batch: p.Batch - 1, Images: p.Images,
		Losses: r.result, LearningRate: s.rate, ImagesPerSecond: rate,
	}
	r.cfg.Events.OnStep(&r.event)
}

// logProgress logs the tutorial's line: the mean losses of the epoch so far.
func (r *run) logProgress() {
	p := &r.progress
	n := float64(p.Batch)
	var terms strings.Builder
	total := 0.0
	for _, l := range r.result.Terms {
		sum := p.LossSums[l.Name]
		fmt.Fprintf(&terms, "  %s: %.4f", l.Name, sum/n)
		total += sum
	}
	r.log("%s  Epoch %d: [%d/%d]%s  total: %.4f", time.Now().Format("Jan 2 15:04:05"),
		p.Epoch+1, p.Images, r.data.Len(), &terms, total/n)
}

func (r *run) log(format string, args ...any) {
	if r.cfg.Events.OnLog != nil {
		r.cfg.Events.OnLog(fmt.Sprintf(format, args...))
	}
}

// checkpoint saves the weights, a sample and the state.
func (r *run) checkpoint(base string, final bool) error {
	if err := r.checkFinite(); err != nil {
		return err
	}
	if r.cfg.Group.Rank() > 0 {
		return r.save()
	}
	c := Checkpoint{Step: r.progress.Step, Weights: filepath.Join(r.dir.Path(), base+".pth"), Final: final}
	err := pth.WriteFile(c.Weights, nn.StateDict(r.net.Params()))
	if err == nil {
		r.log("Checkpoint saved at %s", c.Weights)
	}
	if err == nil && r.cfg.Sampler != nil {
		c.Sample = filepath.Join(r.dir.Path(), base+".png")
		if e := r.cfg.Sampler.Sample(r.net, c.Sample); e != nil { // no picture is worth a run
			r.log("Warning: no sample picture after step %d: %v", c.Step, e)
			c.Sample = ""
		}
	}
	if err := errors.Join(err, r.save()); err != nil {
		return err
	}
	if r.cfg.Events.OnCheckpoint != nil {
		r.cfg.Events.OnCheckpoint(c)
	}
	r.last = time.Now() // saving is not training
	return nil
}

func (r *run) finish() error {
	if err := r.checkFinite(); err != nil {
		return err
	}
	r.log("Finished Training")
	if r.cfg.CheckpointDir == "" {
		return nil
	}
	return r.checkpoint("final", true)
}

func (r *run) end() error {
	var errs []error
	if r.losses != nil {
		errs = append(errs, r.losses.close())
	}
	if r.dir != nil {
		errs = append(errs, r.dir.Close())
	}
	return errors.Join(errs...)
}
