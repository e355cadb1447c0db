// Package convertvgg is the program of examples/convertvgg.
package convertvgg

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	flags := cli.NewFlags("[-download] IN OUT",
		"Keeps the convolutions of torchvision's VGG-19 weights IN (.pth) in OUT (.safetensors).")
	fetch := flags.Bool("download", false, "first download IN from "+torchvision.url+", resuming an earlier attempt")
	if err := cli.Parse(flags, args, 2); err != nil {
		return err
	}
	in, out := flags.Arg(0), flags.Arg(1)
	if filepath.Ext(out) != ".safetensors" {
		return cli.Usagef("OUT %s: want a name that ends in .safetensors", out)
	}
	if *fetch {
		show, clear := progress()
		err := torchvision.download(ctx, in, show)
		clear()
		if err != nil {
			return err
		}
	}
	size, err := convert(in, out)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d tensors, %.1f MB\n", out, size.tensors, float64(size.bytes)/1e6)
	return nil
}

// progress returns a function that shows on stderr how many bytes are done, and
// one that clears what was shown; both do nothing when stderr is no terminal.
func progress() (show func(done int64), clear func()) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return func(done int64) {}, func() {}
	}
	bar := progressbar.NewOptions64(torchvision.size,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetDescription("downloading"),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond))
	// A bar that cannot be drawn is no reason to stop.
	return func(done int64) { bar.Set64(done) }, func() { bar.Clear() }
}
