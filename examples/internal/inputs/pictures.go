package inputs

import (
	"fmt"
	"io"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/pack"
)

// Missing returns an error unless a training on a dataset, if there is one, has
// the style and VGG-19 that it needs.
func Missing(dataset, vgg, style string) error {
	switch {
	case dataset == "":
		return nil
	case vgg == "":
		return cli.Usagef("-vgg is missing: get the weights with \"%s -download vgg19-dcbb9e9d.pth vgg19.safetensors\" and name that file, or ask for -vgg random (textures only)", cli.Command("convertvgg"))
	case style == "":
		return cli.Usagef("-style is missing: name a picture whose style to learn")
	}
	return nil
}

// Choice are the flags that choose pictures.
type Choice struct {
	Dataset, Style, Test string
	ContentScale         float64 // divides the size of the test picture
	MaxBad               int     // as in dataset.Options
	MaxPictureMemory     int     // MiB, see MaxPictureMemory
}

// MaxPictureMemory is the default of -max-picture-memory, in MiB.
const MaxPictureMemory = imageio.DefaultMaxMemory >> 20

// MaxPictureMemoryUsage is the help of -max-picture-memory.
const MaxPictureMemoryUsage = "`MiB` for decoding pictures, all that are decoded at the same time together; one that takes more is a bad file"

// options returns how pictures are read.
func (c *Choice) options() imageio.Options {
	return imageio.Options{MaxMemory: int64(c.MaxPictureMemory) << 20}
}

// Pictures are what a training looks at.
type Pictures struct {
	Data  dataset.Source
	Style *imageio.Image
	Test  *imageio.Image // what samples show
	Note  string         // a sentence about what is left out, or nothing
}

// OpenPictures opens the dataset, the style and the test picture of the flags of
// these names. For an empty dataset and style there are drawn ones; the test picture
// is then drawn too, or else the first good one of the dataset.
func OpenPictures(c Choice) (*Pictures, error) {
	if c.MaxPictureMemory < 0 || c.MaxPictureMemory > 1<<24 {
		return nil, cli.Usagef("-max-picture-memory %d: want 1 to %d MiB", c.MaxPictureMemory, 1<<24)
	}
	p, err := openDataset(c.Dataset, c.options())
	if err != nil {
		return nil, fmt.Errorf("-dataset: %w", err)
	}
	if err := p.open(c); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func openDataset(path string, opts imageio.Options) (*Pictures, error) {
	if path == "" {
		return drawn(), nil
	}
	if pack.Is(path) {
		p, err := pack.Open(path)
		if err != nil {
			return nil, err
		}
		return &Pictures{Data: p}, nil
	}
	files, err := dataset.Open(path, opts)
	if err != nil {
		return nil, err
	}
	note, err := files.Beside()
	if err != nil {
		files.Close()
		return nil, err
	}
	return &Pictures{Data: files, Note: note}, nil
}

// drawn returns the pictures of a training without files.
func drawn() *Pictures {
	const scenes = 96
	var data dataset.Images
	for i := range uint64(scenes) {
		data = append(data, paint.Scene(i+1, 128, 96))
	}
	return &Pictures{Data: data, Style: paint.Style(1, 256), Test: paint.Scene(0, 480, 270)}
}

func (p *Pictures) open(c Choice) (err error) {
	if c.Style != "" {
		if p.Style, err = imageio.Load(c.Style, c.options()); err != nil {
			return fmt.Errorf("-style: %w", err)
		}
	}
	switch {
	case c.Test != "":
		if p.Test, err = imageio.Load(c.Test, c.options()); err != nil {
			return fmt.Errorf("-test: %w", err)
		}
	case p.Test == nil:
		if p.Test, err = dataset.First(p.Data, c.MaxBad); err != nil {
			return fmt.Errorf("-dataset: %w", err)
		}
	}
	if !(c.ContentScale > 0) {
		return cli.Usagef("-content-scale %v: want a number above 0", c.ContentScale)
	}
	if p.Test, err = imageio.Scale(p.Test, c.ContentScale); err != nil {
		return fmt.Errorf("-content-scale: %w", err)
	}
	return nil
}

// Close closes the dataset.
func (p *Pictures) Close() error {
	if c, ok := p.Data.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
