package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/ranks"
)

// What follows is what the ranks of a Group agree upon besides the numbers of a step.
// Everything that one of them may know alone, such as an error, is shared at points
// that all pass: with the votes of a step, or by ranks.Agree.

// together reports whether others train too.
func (t *Trainer) together() bool { return t.exchange != nil }

// everyones returns the names of all ranks, in order.
func (t *Trainer) everyones(names []string) (all []string, err error) {
	return all, share(t.cfg.Group, slices.Clone(names), func(n []string) { all = append(all, n...) })
}

// share calls f with the value of each rank, in order, on all of them.
func share[T any](g ranks.Group, value T, f func(T)) error {
	if g.Size() == 1 {
		f(value)
		return nil
	}
	mine, err := json.Marshal(value)
	if err != nil {
		return err
	}
	for rank := range g.Size() {
		b, err := ranks.Share(g, rank, mine)
		if err != nil {
			return err
		}
		var v T
		if err := json.Unmarshal(b, &v); err != nil {
			return fmt.Errorf("rank %d: %w", rank, err)
		}
		f(v)
	}
	return nil
}

// meet returns an error, the same one on all ranks, unless the programs, settings and
// pictures of all are the same.
func (r *run) meet() error {
	if !r.together() {
		return nil
	}
	var first map[string]string
	var errs []error
	rank := 0
	err := share(r.cfg.Group, r.terms(), func(theirs map[string]string) {
		if rank == 0 {
			first = theirs
		} else if diff := differences(first, theirs); len(diff) > 0 {
			errs = append(errs, fmt.Errorf("rank %d differs from rank 0: %s", rank, strings.Join(diff, "; ")))
		}
		rank++
	})
	return errors.Join(append(errs, err)...)
}

// threads is what the name of a backend says of them: whatever their number, the bits are
// the same.
var threads = regexp.MustCompile(`, \d+ threads?`)

// terms lists what all ranks must have in common.
func (r *run) terms() map[string]string {
	c := &r.cfg
	terms := maps.Clone(r.settings)
	terms["rate"] = terms[rateSetting] // which a resumed run may change, but not one rank of it
	terms["epochs"], terms["steps"] = fmt.Sprint(c.Epochs), fmt.Sprint(c.Steps)
	terms["intervals"] = fmt.Sprint(c.LogInterval, c.CheckpointInterval)
	terms["policy"] = fmt.Sprint(c.OnNonFinite, c.MaxBad)
	terms["saving"], terms["resuming"] = fmt.Sprint(c.CheckpointDir != ""), fmt.Sprint(c.Resume, c.ResumeFrom)
	terms["device"] = threads.ReplaceAllString(r.be.Name(), "") // others round differently
	terms["go"] = runtime.Version() + " " + runtime.GOARCH
	if info, ok := debug.ReadBuildInfo(); ok {
		terms["version"] = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
				terms["version"] += " " + s.Value
			}
		}
	}
	terms["initial weights"] = fmt.Sprintf("%08x", r.exchange.checksum())
	if c.Resume {
		delete(terms, "initial weights")
	}
	return terms
}

// sharing returns the state of rank 0 on all ranks; others give nil.
func (r *run) sharing(s *checkpoint.State) (*checkpoint.State, error) {
	if !r.together() {
		return s, nil
	}
	var b []byte
	var err error
	if s != nil {
		b, err = s.Bytes()
	}
	if err := ranks.Agree(r.cfg.Group, err); err != nil {
		return nil, err
	}
	if b, err = ranks.Share(r.cfg.Group, 0, b); err != nil || len(b) == 0 {
		return nil, err
	}
	if r.cfg.Group.Rank() == 0 {
		return s, nil
	}
	return checkpoint.FromBytes(b)
}

// contribute computes a step with the others. While it cannot go on itself, as err
// says, it tells them, without a batch.
func (r *run) contribute(ctx context.Context, b *dataset.Batch, loader *dataset.Loader, err error) error {
	switch {
	case !r.together() && err == nil:
		return r.compute(b, votes{})
	case !r.together():
		return err
	case err != nil:
		b = &dataset.Batch{Size: r.cfg.ImageSize}
	}
	v := votes{stop: ctx.Err() != nil, fail: err != nil}
	if err == nil {
		v.bad = slices.ContainsFunc(b.Bad, func(bad dataset.BadFile) bool { return !loader.Known(bad) })
	}
	if e := r.compute(b, v); e != nil {
		r.agreed = true // nobody can be reached any more
		return errors.Join(err, e)
	}
	v = r.exchange.voted()
	r.stopping = r.stopping || v.stop
	if v.fail {
		r.agreed = true
		return ranks.Agree(r.cfg.Group, err)
	}
	if v.bad {
		return r.account(b, loader)
	}
	return nil
}

// account tells the loaders of all ranks of the bad files that all have met.
func (r *run) account(b *dataset.Batch, loader *dataset.Loader) error {
	type bad struct {
		Index     int
		Name, Err string
	}
	var mine []bad
	for _, f := range b.Bad {
		mine = append(mine, bad{f.Index, f.Name, f.Err.Error()})
	}
	var all []dataset.BadFile
	err := share(r.cfg.Group, mine, func(theirs []bad) {
		for _, f := range theirs {
			all = append(all, dataset.BadFile{Index: f.Index, Name: f.Name, Err: errors.New(f.Err)})
		}
	})
	r.agreed = true
	if err == nil {
		err = loader.Account(all)
	}
	if err == nil {
		r.agreed = false
	}
	return err
}

// conclude makes err, which this rank alone may have, known to all, if it is not.
func (r *run) conclude(err error) error {
	var bad *NonFiniteError
	if !r.together() || r.agreed || errors.As(err, &bad) {
		return err
	}
	return r.contribute(context.Background(), &dataset.Batch{Size: r.cfg.ImageSize}, nil, err)
}
