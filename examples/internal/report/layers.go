package report

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/internal/atomicfile"
)

// Layers is the content of layers.csv: the losses of single layers, of which
// losses.csv holds the sums. A row has the means over the steps since the row before.
type Layers struct {
	Names []string // such as style/relu1_2
	Rows  []LayerRow
	sum   []float64 // of the steps that make no row yet
	n     int       // how many these are
	last  int       // the last of them
}

// LayerRow is a row of Layers, which ends with Step.
type LayerRow struct {
	Step   int
	Values []float64
}

// layersEvery is the number of steps of a row.
const layersEvery = 10

// Add takes the losses of a step, by name in the order of Names.
func (l *Layers) Add(step int, values []float64) {
	if l.n == 0 {
		l.sum = make([]float64, len(l.Names))
	}
	for i, v := range values {
		l.sum[i] += v
	}
	l.last = step
	if l.n++; step%layersEvery == 0 {
		l.End()
	}
}

// End makes the steps since the last row one.
func (l *Layers) End() {
	if l.n == 0 {
		return
	}
	for i := range l.sum {
		l.sum[i] /= float64(l.n)
	}
	l.Rows, l.n = append(l.Rows, LayerRow{l.last, l.sum}), 0
}

// Cut forgets what comes after a step.
func (l *Layers) Cut(step int) {
	l.n = 0
	l.Rows = l.Rows[:sort.Search(len(l.Rows), func(i int) bool { return l.Rows[i].Step > step })]
}

// At returns the values of a step, those of the last row after it; nil without rows.
func (l *Layers) At(step int) []float64 {
	if len(l.Rows) == 0 {
		return nil
	}
	i := sort.Search(len(l.Rows), func(i int) bool { return l.Rows[i].Step >= step })
	return l.Rows[min(i, len(l.Rows)-1)].Values
}

const layersHeader = "step"

// Write makes or replaces the file at path, whole or not at all.
func (l *Layers) Write(path string) error {
	err := atomicfile.Write(path, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		fmt.Fprintln(b, layersHeader+","+strings.Join(l.Names, ","))
		for _, r := range l.Rows {
			b.WriteString(strconv.Itoa(r.Step))
			for _, v := range r.Values {
				fmt.Fprintf(b, ",%.6g", v)
			}
			b.WriteByte('\n')
		}
		return b.Flush()
	})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// ReadLayers reads the file at path; one that is missing has no rows.
func ReadLayers(path string) (*Layers, error) {
	l, err := readSteps(path, ParseLayers)
	if l == nil && err == nil {
		l = &Layers{}
	}
	return l, err
}

// ParseLayers reads the rows as ReadLayers does.
func ParseLayers(r io.Reader) (*Layers, error) {
	l := &Layers{}
	err := parseSteps(r, func(fields []string) error {
		if len(fields) < 2 || fields[0] != layersHeader {
			return fmt.Errorf("is not %q and the names of layers", layersHeader)
		}
		l.Names = append(l.Names, fields[1:]...)
		return nil
	}, func(step int, values []float64) { l.Rows = append(l.Rows, LayerRow{step, values}) })
	if err != nil {
		return nil, err
	}
	return l, nil
}
