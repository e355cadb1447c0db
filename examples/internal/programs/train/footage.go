package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/impasto-go/impasto/examples/internal/footage"
	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/ranks"
)

// cacheFolder is where a run's folder keeps the pictures of videos.
const cacheFolder = "cache"

// video returns what opens a dataset that is a video.
func (o *options) video(ctx context.Context) func(path string) (dataset.Source, string, error) {
	return func(path string) (dataset.Source, string, error) {
		begins := func(line string) { fmt.Println(printable.Text(line)) }
		f, err := footage.Open(ctx, path, filepath.Join(o.out, cacheFolder), o.ImageSize, o.comparesFrames(), begins)
		if err != nil {
			return nil, "", err
		}
		return f, f.Note, nil
	}
}

// comparesFrames tells whether stability is judged by what follows in videos.
func (o *options) comparesFrames() bool { return o.Stability > 0 && o.StabilityFootage > 0 }

// decode has the first of several processes decode videos while the others, which may
// share its disk, wait.
func (o *options) decode(ctx context.Context, group ranks.Group) error {
	sets, err := o.Dataset.Sets()
	if group.Size() == 1 || err != nil {
		return err
	}
	videos := false
	for _, s := range sets {
		if !movie.Is(s.Path) {
			continue
		}
		videos = true
		if group.Rank() == 0 && footage.Is(s.Path) {
			f, _, e := o.video(ctx)(s.Path)
			if e == nil {
				e = f.(*footage.Footage).Close()
			}
			err = errors.Join(err, e)
		}
	}
	if !videos {
		return nil
	}
	if err != nil {
		err = fmt.Errorf("-dataset: %w", err)
	}
	return ranks.Agree(group, err)
}
