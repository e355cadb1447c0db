// Package train is the program of examples/train.
package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/launch"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/mpi"
	"github.com/impasto-go/impasto/train/ranks"
)

// Run trains, as one of the processes that mpirun has started or alone.
func Run(ctx context.Context, args []string) error {
	look := &options{settings: tutorial()}
	if mpi.Started() == 1 {
		if err := look.parse(args); err != nil {
			return err
		}
		if look.np > 1 {
			if err := inputs.Launchable(look.np); err != nil {
				return err
			}
			return launch.Ranks(ctx, look.np, look.mpirun, args)
		}
	}
	group, leave, err := inputs.Group()
	if err != nil {
		return err
	}
	err = runAs(ctx, group, args)
	if group.Rank() > 0 { // the first of them tells
		err = cli.Told(err)
	}
	if e := leave(); err == nil {
		err = e
	}
	return err
}

func runAs(ctx context.Context, group ranks.Group, args []string) error {
	o, err := parse(args, group)
	if err == nil && group.Rank() > 0 {
		o.quiet, o.http, o.tensorboard = true, "", ""
	}
	if err = ranks.Agree(group, err); err == nil {
		err = o.decode(ctx, group)
	}
	var j *job
	if err == nil {
		j, err = newJob(ctx, o, group)
	}
	if err := ranks.Agree(group, err); err != nil {
		if j != nil {
			j.close()
		}
		return err
	}
	defer j.close()
	begun := time.Now()
	err = j.train(ctx)
	if group.Rank() > 0 {
		return err
	}
	if stopped := errors.Is(err, errStopped); stopped || errors.Is(err, context.Canceled) {
		j.stopped()
		if stopped {
			return nil
		}
	}
	if beyond := (*train.BeyondError)(nil); errors.As(err, &beyond) {
		return cli.Usagef("-resume %s: the run has done %s already, and was asked for %d: give it more with -steps, or an earlier state to go on from with -from",
			o.out, cli.Count(beyond.Done, "step", "steps"), beyond.Total)
	}
	if bad := (*train.NonFiniteError)(nil); errors.As(err, &bad) && j.cfg.OnNonFinite == train.Stop {
		fmt.Print(j.wayOut(bad))
	}
	if err != nil {
		return err
	}
	if err := j.export(); err != nil {
		return err
	}
	j.explain(time.Since(begun))
	return nil
}
