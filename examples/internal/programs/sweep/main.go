// Package sweep is the program of examples/sweep.
package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/launch"
	"github.com/impasto-go/impasto/train/mpi"
	"github.com/impasto-go/impasto/train/ranks"
)

// Run sweeps, as one of the processes that mpirun has started or alone.
func Run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if mpi.Started() == 1 {
		if err != nil {
			return err
		}
		if o.np > 1 {
			if err := inputs.Launchable(o.np); err != nil {
				return err
			}
			return launch.Ranks(ctx, o.np, o.mpirun, args)
		}
	}
	group, leave, e := inputs.Group()
	if e != nil {
		return e
	}
	if err = ranks.Agree(group, err); err == nil {
		err = runAs(ctx, group, o)
	}
	if group.Rank() > 0 { // the first of them tells
		err = cli.Told(err)
	}
	if e := leave(); err == nil {
		err = e
	}
	return err
}

func runAs(ctx context.Context, group ranks.Group, o *options) error {
	s, err := open(ctx, group, o)
	if err := ranks.Agree(group, err); err != nil {
		return err
	}
	defer s.close()
	left, err := s.begin(group)
	if err != nil {
		return err
	}
	// Each process carries out a trial of its own, and then all learn of all.
	for first := 0; first < len(left); first += group.Size() {
		var mine *record
		if k := first + group.Rank(); k < len(left) {
			mine, err = s.carryOut(ctx, left[k])
		}
		if err := ranks.Agree(group, err); err != nil {
			return err
		}
		all, err := share(group, mine)
		if err != nil {
			return err
		}
		if group.Rank() == 0 {
			err = s.take(all)
		}
		if err == nil && mine != nil {
			err = s.forget(s.trials[mine.Trial])
		}
		if err := ranks.Agree(group, err); err != nil {
			return err
		}
	}
	if group.Rank() == 0 {
		s.bar.Close()
		fmt.Printf("Look at %s, and train on with what you like best:\n\n  %s -style-weight W -style-size N ...\n",
			filepath.Join(o.out, sheetFile), cli.Command("train"))
	}
	return nil
}

// open prepares a sweep, in a folder that has none unless it is to be resumed.
func open(ctx context.Context, group ranks.Group, o *options) (*sweep, error) {
	lead := group.Rank() == 0
	if lead && !o.resume {
		if _, err := os.Lstat(o.file(tableFile)); !errors.Is(err, os.ErrNotExist) {
			return nil, cli.Usagef("-out %s: it holds a sweep already; go on with -resume, or name another folder", o.out)
		}
	}
	if lead {
		if err := os.MkdirAll(o.out, 0o755); err != nil {
			return nil, fmt.Errorf("-out: %w", err)
		}
	}
	return newSweep(ctx, o, lead)
}

// begin takes what the folder holds, and returns the trials that are left, on all
// processes.
func (s *sweep) begin(group ranks.Group) (left []int, err error) {
	var done []int
	if group.Rank() == 0 && s.resume {
		var kept []*record
		if kept, err = s.kept(); err == nil {
			err = s.take(kept)
		}
		for _, r := range kept {
			done = append(done, r.Trial)
			err = errors.Join(err, s.forget(s.trials[r.Trial])) // ended in between
		}
	}
	if err := ranks.Agree(group, err); err != nil {
		return nil, err
	}
	text, err := json.Marshal(done)
	if err == nil {
		text, err = ranks.Share(group, 0, text)
	}
	if err == nil {
		err = json.Unmarshal(text, &done)
	}
	for i := range s.trials {
		if !slices.Contains(done, i) {
			left = append(left, i)
		}
	}
	return left, err
}

// carryOut trains with trial i.
func (s *sweep) carryOut(ctx context.Context, i int) (*record, error) {
	r, err := s.train(ctx, s.trials[i])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.trials[i], err)
	}
	return s.record(i, r)
}

// take keeps results and shows them.
func (s *sweep) take(records []*record) error {
	for _, m := range records {
		if m == nil {
			continue
		}
		r, err := s.result(m)
		if err == nil {
			err = s.keep(m)
		}
		if err == nil {
			err = s.add(m.Trial, r)
		}
		if err != nil {
			return fmt.Errorf("-out: %w", err)
		}
		s.say(fmt.Sprintf("[%d/%d] %s: %s", len(s.results), len(s.trials), r.trial, r))
	}
	return nil
}
