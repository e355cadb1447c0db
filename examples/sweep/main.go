// Command sweep finds the weight of a style, and the size to show it at: it trains
// a network for a few hundred steps with each of several and lays the results out
// on one sheet to choose from.
//
// Every training starts from the same weights and sees the same pictures, which are
// decoded once. Without arguments the pictures are drawn. Flags that
// examples/train has mean the same here.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(o.file(tableFile)); !errors.Is(err, os.ErrNotExist) {
		return cli.Usagef("-out %s: it holds a sweep already; name another folder", o.out)
	}
	s, err := newSweep(ctx, o)
	if err != nil {
		return err
	}
	defer s.close()
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	for i, c := range o.trials {
		r, err := s.train(ctx, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c, err)
		}
		if err := s.add(r); err != nil {
			return fmt.Errorf("-out: %w", err)
		}
		s.say(fmt.Sprintf("[%d/%d] %s: %s", i+1, len(o.trials), c, r))
	}
	s.bar.Close()
	fmt.Printf("Look at %s, and train on with what you like best:\n\n  go run ./examples/train -style-weight W -style-size N ...\n",
		filepath.Join(o.out, sheetFile))
	return nil
}
