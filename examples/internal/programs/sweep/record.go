package sweep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/ranks"
)

// record is a result as it is kept in the folder, for -resume, and as the processes of
// a sweep tell each other.
type record struct {
	Trial   int     `json:"trial"`
	Made    string  `json:"made"` // what the result depends on
	Steps   int     `json:"steps"`
	Content float64 `json:"content"`
	Style   float64 `json:"style"`
	Sample  []byte  `json:"sample"`            // PNG
	Weights []byte  `json:"weights,omitempty"` // .pth, in a file of its own when kept
}

// made describes all that the result of a trial depends on.
func (s *sweep) made(c trial) string {
	o := s.options
	return fmt.Sprint(o.dataset, o.styles[c.picture].path, o.test, o.vgg, o.init, o.filters, o.resBlocks, o.styleLayers, o.contentScale,
		c.cfg.Steps, c.cfg.ImageSize, c.cfg.BatchSize, c.cfg.LearningRate, c.cfg.ContentWeight, c.cfg.Seed, c.cfg.Shuffle, c.cfg.StyleSize, c.weight)
}

// record turns a result of trial i into what others can read.
func (s *sweep) record(i int, r *result) (*record, error) {
	var sample bytes.Buffer
	if err := png.Encode(&sample, r.sample.NRGBA()); err != nil {
		return nil, err
	}
	return &record{i, s.made(r.trial), r.steps, r.content, r.style, sample.Bytes(), r.weights}, nil
}

// result is the inverse of record.
func (s *sweep) result(r *record) (*result, error) {
	if r.Trial < 0 || r.Trial >= len(s.trials) {
		return nil, fmt.Errorf("there is no trial %d", r.Trial)
	}
	sample, err := imageio.Decode(bytes.NewReader(r.Sample), imageio.Options{})
	if err != nil {
		return nil, err
	}
	return &result{trial: s.trials[r.Trial], steps: r.Steps, content: r.Content, style: r.Style, sample: sample, weights: r.Weights}, nil
}

// recordFile is where the record of a trial is kept.
func (c trial) recordFile() string { return c.file() + ".json" }

// keep puts a record, and before it the weights, into the folder.
func (s *sweep) keep(r *record) error {
	c := s.trials[r.Trial]
	if r.Weights != nil {
		if err := atomicfile.Write(s.file(c.weightsFile()), func(w io.Writer) error {
			_, err := w.Write(r.Weights)
			return err
		}); err != nil {
			return err
		}
	}
	short := *r
	short.Weights = nil
	text, err := json.Marshal(short)
	if err != nil {
		return err
	}
	return atomicfile.Write(s.file(c.recordFile()), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// kept returns the records in the folder.
func (s *sweep) kept() (records []*record, err error) {
	for i, c := range s.trials {
		text, err := os.ReadFile(s.file(c.recordFile()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var r record
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", c.recordFile(), err)
		}
		if r.Made != s.made(c) {
			return nil, fmt.Errorf("%s was made with other flags: sweep in another folder", c.recordFile())
		}
		r.Trial = i
		records = append(records, &r)
	}
	return records, nil
}

// share returns the records of all processes, nil where one has none.
func share(g ranks.Group, mine *record) (all []*record, err error) {
	text, err := json.Marshal(mine)
	if err := ranks.Agree(g, err); err != nil {
		return nil, err
	}
	for rank := range g.Size() {
		b, err := ranks.Share(g, rank, text)
		if err != nil {
			return nil, err
		}
		var r *record
		if err := json.Unmarshal(b, &r); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}
