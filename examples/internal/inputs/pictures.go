package inputs

import (
	"fmt"
	"io"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/footage"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/pack"
)

// Missing returns an error unless a training on a dataset, if there is one, has
// the style and VGG-19 that it needs.
func Missing(dataset bool, vgg, style string) error {
	switch {
	case !dataset:
		return nil
	case vgg == "":
		return cli.Usagef("-vgg is missing: get the weights with \"%s -download vgg19-dcbb9e9d.pth vgg19.safetensors\" and name that file, or ask for -vgg compact, which needs no file", cli.Command("convertvgg"))
	case style == "":
		return cli.Usagef("-style is missing: name a picture whose style to learn")
	}
	return nil
}

// Choice are the flags that choose pictures.
type Choice struct {
	Sets         []Set // none for pictures that are drawn
	Mirror       bool  // adds mirrored copies
	Style, Test  string
	ContentScale float64 // divides the size of the test picture
	// Video opens a set that is a video, with a note; nil if there may be none.
	Video            func(path string) (dataset.Source, string, error)
	MaxBad           int // as in dataset.Options
	MaxPictureMemory int // MiB, see MaxPictureMemory
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
	p, err := c.data()
	if err != nil {
		return nil, fmt.Errorf("-dataset: %w", err)
	}
	if err := p.open(c); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// data opens the sets, as one.
func (c *Choice) data() (*Pictures, error) {
	if len(c.Sets) == 0 {
		p := &Pictures{Data: new(scenes)}
		if c.Mirror {
			p.Data = dataset.Mirrored(p.Data)
		}
		return p, nil
	}
	opts := c.options()
	opts.Budget = imageio.NewBudget(opts.MaxMemory) // of all sets together
	var shares []dataset.Share
	var notes []string
	for _, set := range c.Sets {
		src, note, err := c.openSet(set.Path, opts)
		if err != nil {
			for _, s := range shares {
				closeSource(s.Source)
			}
			return nil, err
		}
		if c.Mirror {
			src = dataset.Mirrored(src)
		}
		if note != "" {
			notes = append(notes, note)
		}
		shares = append(shares, dataset.Share{Source: src, Weight: set.Weight})
	}
	p := &Pictures{Data: shares[0].Source, Note: strings.Join(notes, "\n")}
	if len(shares) == 1 {
		return p, nil
	}
	mix, err := dataset.NewMix(shares...)
	if err != nil {
		for _, s := range shares {
			closeSource(s.Source)
		}
		return nil, err
	}
	p.Data = mix
	return p, nil
}

// openSet opens the folder, archive, pack or video at path.
func (c *Choice) openSet(path string, opts imageio.Options) (src dataset.Source, note string, err error) {
	if footage.Is(path) {
		if c.Video == nil {
			return nil, "", fmt.Errorf("%s is a video: make a folder of its pictures with %s, or train on it", path, cli.Command("frames"))
		}
		return c.Video(path)
	}
	if pack.Is(path) {
		p, err := pack.Open(path)
		return p, "", err
	}
	files, err := dataset.Open(path, opts)
	if err != nil {
		return nil, "", err
	}
	if note, err = files.Beside(); err != nil {
		files.Close()
		return nil, "", err
	}
	return files, note, nil
}

func (p *Pictures) open(c Choice) (err error) {
	drawn := len(c.Sets) == 0
	if drawn && c.Style == "" {
		p.Style = paint.Style(1, 256)
	}
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
	case drawn:
		p.Test = paint.Scene(TestScene, 960, 540)
	default:
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
func (p *Pictures) Close() error { return closeSource(p.Data) }

func closeSource(src dataset.Source) error {
	if c, ok := src.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
