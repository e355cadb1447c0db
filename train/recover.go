package train

import (
	"errors"
	"fmt"

	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/ranks"
)

// save stores the state, after the losses that lead to it, unless nothing is new
// or it failed before. A state that is not finite is no state: the error is a
// *NonFiniteError.
func (r *run) save() error {
	if r.good.Step == r.progress.Step || r.unsaved {
		return nil
	}
	if err := r.checkFinite(); err != nil {
		return err
	}
	r.unsaved = true
	s := r.state()
	if r.losses != nil {
		if err := r.losses.sync(); err != nil {
			return err
		}
	}
	if r.dir != nil {
		if err := r.dir.Save(s); err != nil {
			return err
		}
	}
	r.good, r.unsaved = s, false
	if s.Step >= r.failed {
		r.rollbacks = 0
	}
	return nil
}

// checkFinite returns a *NonFiniteError if a step, though its losses and gradients
// were finite, has led to weights or moments that are not. Nobody is given those.
func (r *run) checkFinite() error {
	s := r.state()
	for _, d := range []struct {
		what string
		err  error
	}{{"weights", s.Weights.CheckFinite()}, {"first moments", s.ExpAvg.CheckFinite()}, {"second moments", s.ExpAvgSq.CheckFinite()}} {
		if d.err != nil {
			return &NonFiniteError{Step: s.Step, Epoch: s.Epoch, Batch: max(s.Batch-1, 0), Weights: fmt.Errorf("%s: %w", d.what, d.err)}
		}
	}
	return nil
}

// stop keeps what is good of a run that ends with a step that was not finite.
func (r *run) stop(bad *NonFiniteError) error {
	if bad.Weights != nil {
		return r.restore(r.good)
	}
	err := r.save()
	if errors.As(err, &bad) { // it was lost before
		return r.restore(r.good)
	}
	return err
}

// statePatience is how often the run goes back to the same state before it takes an
// older one, as a state may be finite and lost all the same.
const statePatience = 3

// rollback returns to a saved state with half the learning rate: to the last, or to
// an older one if that has not helped.
func (r *run) rollback(bad *NonFiniteError) error {
	rate := r.rate / 2
	r.rollbacks++
	r.failed = max(r.failed, bad.Step)
	if r.rollbacks%statePatience == 0 {
		if err := r.older(); err != nil {
			return err
		}
	}
	if err := r.restore(r.good); err != nil {
		return err
	}
	r.rate = rate
	if r.losses != nil {
		if err := r.losses.cut(r.good.Step); err != nil {
			return err
		}
	}
	r.log("Warning: %v; going back to step %d with learning rate %g", bad, r.good.Step, rate)
	return nil
}

// older makes the state before good the one to go back to, if there is one.
func (r *run) older() error {
	if r.cfg.CheckpointDir == "" || r.good.Step == 0 {
		return nil
	}
	var s *checkpoint.State
	var err error
	if r.dir != nil {
		var warnings []error
		s, warnings, err = r.dir.LoadUpTo(r.good.Step - 1)
		for _, w := range warnings {
			r.log("Warning: skipped a damaged training state: %v", w)
		}
		if errors.Is(err, checkpoint.ErrNone) {
			err = nil
		}
	}
	if err = ranks.Agree(r.cfg.Group, err); err != nil {
		return err
	}
	if s, err = r.sharing(s); err == nil && s != nil {
		r.good = s
	}
	return err
}
