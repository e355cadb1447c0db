// Command train trains a style transfer network and leaves a run folder with
// checkpoints, sample pictures, the trained weights and an ONNX file.
//
// Without arguments it trains on pictures it draws itself, in about two minutes.
// With -dataset, -style and -vgg it is the tutorial's training; flags are named as
// the tutorial names its variables.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/train"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	j, err := newJob(o)
	if err != nil {
		return err
	}
	defer j.close()
	err = j.train(ctx)
	if stopped := errors.Is(err, errStopped); stopped || ctx.Err() != nil {
		fmt.Printf("Stopped; continue with: go run ./examples/train -resume %s\n", o.out)
		if stopped {
			return nil
		}
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
	j.explain()
	return nil
}
