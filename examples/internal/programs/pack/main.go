// Package pack is the program of examples/pack.
package pack

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/pack"
)

// Run is the program, with the arguments of its command line.
func Run(ctx context.Context, args []string) error {
	flags := cli.NewFlags("-dataset DIR -out FILE", "Packs the pictures of a dataset into one file for training, or checks such a file.")
	data := flags.String("dataset", "", "`folder` or .zip of training pictures")
	out := flags.String("out", "", "`file` to make")
	size := flags.Int("image-size", train.Default().ImageSize, "side of the square pictures, in pixels; the -image-size of trainings")
	verify := flags.String("verify", "", "check all pictures of a `file` instead")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	switch {
	case *verify != "":
		return check(*verify)
	case *data == "":
		return cli.Usagef("-dataset is missing: name a folder or .zip of pictures")
	case *out == "":
		return cli.Usagef("-out is missing: name the file to make")
	case *size < 1:
		return cli.Usagef("-image-size %d: want 1 or more", *size)
	}
	if _, err := os.Lstat(*out); err == nil {
		return cli.Usagef("-out %s: it exists: name another, or remove it", *out)
	}
	files, err := dataset.Open(*data, imageio.Options{})
	if err != nil {
		return fmt.Errorf("-dataset: %w", err)
	}
	defer files.Close()
	start, last := time.Now(), time.Now()
	bad := 0
	err = pack.Write(ctx, *out, files, pack.Options{Size: *size, OnPicture: func(i int, why error) {
		if why != nil {
			bad++
			fmt.Printf("Bad: %s: %s\n", printable.Name(files.Name(i)), printable.Error(why))
		}
		if now := time.Now(); now.Sub(last) > 5*time.Second {
			last = now
			fmt.Printf("%d of %s\n", i+1, cli.Count(files.Len(), "picture", "pictures"))
		}
	}})
	if err != nil {
		return err
	}
	info, err := os.Stat(*out)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %d of them bad, in %s: %.1f MB, %.1f s. Train with -dataset %s -image-size %d.\n",
		cli.Count(files.Len(), "picture", "pictures"), bad, *out, float64(info.Size())/1e6, time.Since(start).Seconds(), *out, *size)
	return nil
}

// check reads all pictures of a file.
func check(path string) error {
	p, err := pack.Open(path)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Verify(); err != nil {
		return err
	}
	fmt.Printf("%s of %dx%d, %d of them bad in the dataset; all is well.\n", cli.Count(p.Len(), "picture", "pictures"), p.Size(), p.Size(), p.Bad())
	return nil
}
