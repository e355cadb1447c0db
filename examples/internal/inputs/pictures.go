package inputs

import (
	"fmt"
	"io"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
)

// Missing returns an error unless a training on a dataset, if there is one, has
// the style and VGG-19 that it needs.
func Missing(dataset, vgg, style string) error {
	switch {
	case dataset == "":
		return nil
	case vgg == "":
		return cli.Usagef("-vgg is missing: get the weights with \"go run ./examples/convertvgg -download vgg19-dcbb9e9d.pth vgg19.safetensors\" and name that file, or ask for -vgg random (textures only)")
	case style == "":
		return cli.Usagef("-style is missing: name a picture whose style to learn")
	}
	return nil
}

// Pictures are what a training looks at.
type Pictures struct {
	Data  dataset.Source
	Style *imageio.Image
	Test  *imageio.Image // what samples show
}

// OpenPictures opens the dataset, the style and the test picture of the flags of
// these names. For an empty dataset and style there are drawn ones; the test picture
// is then drawn too, or else the first of the dataset. contentScale divides its size.
func OpenPictures(data, style, test string, contentScale float64) (*Pictures, error) {
	p, err := openDataset(data)
	if err != nil {
		return nil, fmt.Errorf("-dataset: %w", err)
	}
	if err := p.open(style, test, contentScale); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func openDataset(path string) (*Pictures, error) {
	if path == "" {
		return drawn(), nil
	}
	files, err := dataset.Open(path, imageio.Options{})
	if err != nil {
		return nil, err
	}
	return &Pictures{Data: files}, nil
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

func (p *Pictures) open(style, test string, contentScale float64) (err error) {
	if style != "" {
		if p.Style, err = imageio.Load(style, imageio.Options{}); err != nil {
			return fmt.Errorf("-style: %w", err)
		}
	}
	switch {
	case test != "":
		if p.Test, err = imageio.Load(test, imageio.Options{}); err != nil {
			return fmt.Errorf("-test: %w", err)
		}
	case p.Test == nil:
		if p.Test, err = p.Data.Load(0); err != nil {
			return fmt.Errorf("-dataset: the first picture, wanted for the samples: %w", err)
		}
	}
	if !(contentScale > 0) {
		return cli.Usagef("-content-scale %v: want a number above 0", contentScale)
	}
	if p.Test, err = imageio.Scale(p.Test, contentScale); err != nil {
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
