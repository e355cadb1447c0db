package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/flicker"
)

// Flicker is the content of flicker.csv: how still the style stayed at each sample of
// a run, by step. It is a file of its own because the rows of losses.csv are steps.
type Flicker []Glance

// Glance is a row of flicker.csv.
type Glance struct {
	Step int `json:"step"`
	flicker.Glance
}

const flickerHeader = "step,noise_gain,shift,warp,detail"

// maxFlicker bounds the rows that reading a foreign file takes.
const maxFlicker = 1 << 20

// Add puts a row in its place, and forgets those of later steps: a run that goes back
// makes them again.
func (f *Flicker) Add(step int, g *flicker.Glance) {
	f.Cut(step - 1)
	*f = append(*f, Glance{step, *g})
}

// Cut forgets the rows after a step.
func (f *Flicker) Cut(step int) {
	n := sort.Search(len(*f), func(i int) bool { return (*f)[i].Step > step })
	*f = (*f)[:n]
}

// Of returns the most of the row of a step in the few words that a caption has room
// for, or nothing if there is none.
func (f Flicker) Of(step int) string {
	i, ok := slices.BinarySearchFunc(f, step, func(g Glance, step int) int { return g.Step - step })
	if !ok {
		return ""
	}
	return fmt.Sprintf("noise gain %.2f, warping %.1f", f[i].NoiseGain, f[i].Warp)
}

// Write makes or replaces the file at path, whole or not at all.
func (f Flicker) Write(path string) error {
	err := atomicfile.Write(path, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		fmt.Fprintln(b, flickerHeader)
		for _, g := range f {
			fmt.Fprintf(b, "%d,%g,%g,%g,%g\n", g.Step, g.NoiseGain, g.Shift, g.Warp, g.Detail)
		}
		return b.Flush()
	})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// ReadFlicker reads the file at path; one that is missing has no rows.
func ReadFlicker(path string) (Flicker, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	defer file.Close()
	f, err := ParseFlicker(file)
	if err != nil {
		return nil, fmt.Errorf("report: %s: %w", path, err)
	}
	return f, nil
}

// ParseFlicker reads the rows as ReadFlicker does.
func ParseFlicker(r io.Reader) (f Flicker, err error) {
	rows := csv.NewReader(r)
	rows.ReuseRecord = true
	for n := 0; ; n++ {
		fields, err := rows.Read()
		switch {
		case err == io.EOF && n > 0:
			return f, nil
		case err != nil && err != io.EOF:
			return nil, err
		case n == 0 && strings.Join(fields, ",") != flickerHeader:
			return nil, fmt.Errorf("line 1 is not %q", flickerHeader)
		case n > maxFlicker:
			return nil, fmt.Errorf("more than %d rows", maxFlicker)
		case n == 0:
			continue
		}
		var g Glance
		if g.Step, err = strconv.Atoi(fields[0]); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		for i, v := range []*float64{&g.NoiseGain, &g.Shift, &g.Warp, &g.Detail} {
			if *v, err = strconv.ParseFloat(fields[i+1], 64); err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, err)
			}
		}
		if k := len(f); k > 0 && g.Step <= f[k-1].Step {
			return nil, fmt.Errorf("line %d: step %d follows step %d", n+1, g.Step, f[k-1].Step)
		}
		f = append(f, g)
	}
}
