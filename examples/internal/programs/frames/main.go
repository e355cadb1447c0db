// Package frames is the program of examples/frames.
package frames

import (
	"context"
	"fmt"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	flags := cli.NewFlags("-in MOVIE -out DIR [-every N] [-force]",
		"Splits a video into 00001.png, 00002.png, ... in DIR with ffmpeg, each of its pictures once:\n"+
			"upright, with square pixels, HDR tone-mapped, fields woven into whole pictures.")
	in := flags.String("in", "", "the video `file`")
	out := flags.String("out", "", "the `directory` for the images, made if it is missing; give a folder inside the dataset")
	every := flags.Int("every", 1, "keep every `N`th picture of the video, whatever their times")
	force := flags.Bool("force", false, "replace the numbered images that DIR already holds")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	switch {
	case *in == "":
		return cli.Usagef("-in is missing: name a video file")
	case *out == "":
		return cli.Usagef("-out is missing: name a directory for the images")
	case *every < 1:
		return cli.Usagef("-every %d: want 1 or more", *every)
	}
	n, err := split(ctx, *in, *out, *every, *force)
	if err != nil {
		return err
	}
	fmt.Printf("%s in %s\n", cli.Count(n, "frame", "frames"), *out)
	return nil
}
