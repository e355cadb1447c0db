// Package studio is a local application in the browser: it shows and compares the runs
// of a folder, tries styles on pictures, clips and the webcam, shows how still they
// are, starts trainings, sweeps and exports, and makes cards of styles to share.
package studio

import (
	"context"
	"fmt"
	"os"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	if is, err := child(ctx, args); is {
		return err
	}
	flags := cli.NewFlags("[-http ADDRESS] [FOLDER]",
		"Serves an application for the browser on this computer: the runs, models and pictures in a\n"+
			"folder and below it, the present one without FOLDER.")
	address := flags.String("http", "localhost:8181", "the `address` to serve it at; port 0 takes a free one")
	if err := cli.ParseBetween(flags, args, 0, 1); err != nil {
		return err
	}
	folder := "."
	if flags.NArg() == 1 {
		folder = flags.Arg(0)
	}
	s, err := open(folder)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.listen(*address); err != nil {
		return fmt.Errorf("-http: %w", err)
	}
	fmt.Fprintf(os.Stdout, "Studio: %s\n", s.server.URL())
	<-ctx.Done()
	return nil
}
