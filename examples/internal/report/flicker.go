package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"sort"
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
func ReadFlicker(path string) (Flicker, error) { return readSteps(path, ParseFlicker) }

// ParseFlicker reads the rows as ReadFlicker does.
func ParseFlicker(r io.Reader) (f Flicker, err error) {
	err = parseSteps(r, func(fields []string) error {
		if strings.Join(fields, ",") != flickerHeader {
			return fmt.Errorf("is not %q", flickerHeader)
		}
		return nil
	}, func(step int, v []float64) {
		f = append(f, Glance{step, flicker.Glance{NoiseGain: v[0], Shift: v[1], Warp: v[2], Detail: v[3]}})
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}
