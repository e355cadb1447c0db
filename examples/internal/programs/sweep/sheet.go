package sweep

import (
	"fmt"
	"io"
	"slices"

	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/imageio"
)

// The files of a sweep, besides the weights of each trial.
const (
	sheetFile = "sheet.png"
	tableFile = "sweep.csv"
)

// add takes the result of trial i into the sheet and the table, which are complete
// after each trial.
func (s *sweep) add(i int, r *result) error {
	r.at = i
	s.results = append(s.results, r)
	slices.SortFunc(s.results, func(a, b *result) int { return a.at - b.at })
	if err := s.writeSheet(); err != nil {
		return err
	}
	return atomicfile.Write(s.file(tableFile), s.writeTable)
}

// writeSheet shows a row for each size: the test picture, the style in that size,
// and the test picture stylized with each weight.
func (s *sweep) writeSheet() error {
	var cells []report.Cell
	row := -1
	for _, r := range s.results {
		if size := r.cfg.StyleSize; size != row {
			cells = append(cells, report.Cell{Image: s.pictures.Test, Caption: "test picture"}, s.styleCell(size))
			row = size
		}
		caption := "style-weight " + r.weight
		if r.steps < r.cfg.Steps {
			caption += ", " + r.String()
		}
		cells = append(cells, report.Cell{Image: r.sample, Caption: caption})
	}
	sheet, err := report.Sheet(cells, 2+s.columns)
	if err != nil {
		return err
	}
	return imageio.Save(s.file(sheetFile), sheet, imageio.SaveOptions{})
}

func (s *sweep) styleCell(size int) report.Cell {
	m := s.pictures.Style
	if size > 0 {
		m = imageio.Resize(m, size, size, imageio.Lanczos)
	}
	return report.Cell{Image: m, Caption: fmt.Sprintf("style-size %d", size)}
}

// writeTable writes the weighted losses, as training reports them, and without
// their weights, which is what rows can be compared by.
func (s *sweep) writeTable(w io.Writer) error {
	fmt.Fprintln(w, "style_size,style_weight,steps,content,style,unweighted_content,unweighted_style,weights")
	for _, r := range s.results {
		if r.steps < r.cfg.Steps {
			fmt.Fprintf(w, "%d,%s,%d,,,,,\n", r.cfg.StyleSize, r.weight, r.steps)
			continue
		}
		fmt.Fprintf(w, "%d,%s,%d,%.6g,%.6g,%s,%s,%s\n", r.cfg.StyleSize, r.weight, r.steps, r.content, r.style,
			ratio(r.content, r.cfg.ContentWeight), ratio(r.style, r.cfg.StyleWeight), r.weightsFile())
	}
	return nil // Write reports what a failing disk makes of these
}

// ratio returns a loss without its weight, or nothing where the weight is 0.
func ratio(loss, weight float64) string {
	if weight == 0 {
		return ""
	}
	return fmt.Sprintf("%.6g", loss/weight)
}
