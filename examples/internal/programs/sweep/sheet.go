package sweep

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

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
	if err := s.writeSheet(r.at / s.columns / sheetRows); err != nil {
		return err
	}
	return atomicfile.Write(s.file(tableFile), s.writeTable)
}

// sheetRows is how many rows are on one sheet.
const sheetRows = 24

// sheetName is that of a sheet, from 0.
func sheetName(number int) string {
	if number == 0 {
		return sheetFile
	}
	return fmt.Sprintf("sheet-%d.png", number+1)
}

// writeSheet shows the test picture, and below it a row for each style and size: the
// style in that size, and the test picture stylized with each weight.
func (s *sweep) writeSheet(number int) error {
	cells := []report.Cell{{Image: s.pictures.Test, Caption: "test picture"}}
	for range s.columns {
		cells = append(cells, report.Cell{})
	}
	row := -1
	for _, r := range s.results {
		if r.at/s.columns/sheetRows != number {
			continue
		}
		if at := r.at / s.columns; at != row {
			for len(cells)%(1+s.columns) != 0 { // some of the row before are not done yet
				cells = append(cells, report.Cell{})
			}
			cells = append(cells, s.styleCell(r.trial))
			row = at
		}
		caption := "style-weight " + r.weight
		if r.steps < r.cfg.Steps {
			caption += ", " + r.String()
		}
		cells = append(cells, report.Cell{Image: r.sample, Caption: caption})
	}
	sheet, err := report.Sheet(cells, 1+s.columns)
	if err != nil {
		return err
	}
	return imageio.Save(s.file(sheetName(number)), sheet, imageio.SaveOptions{})
}

// shown is the least side of a style on the sheet.
const shown = 256

func (s *sweep) styleCell(c trial) report.Cell {
	m, size := s.styles[c.picture].picture, c.cfg.StyleSize
	if size > 0 {
		m = imageio.Resize(m, size, size, imageio.Lanczos)
	}
	if side := max(m.W, m.H); side < shown { // it shows what detail the size leaves
		m = imageio.Resize(m, m.W*shown/side, m.H*shown/side, imageio.Bilinear)
	}
	caption := fmt.Sprintf("style-size %d", size)
	if c.name != "" {
		caption = c.name + ", " + caption
	}
	return report.Cell{Image: m, Caption: caption}
}

// writeTable writes the weighted losses, as training reports them, and without
// their weights, which is what rows can be compared by.
func (s *sweep) writeTable(w io.Writer) error {
	rows := csv.NewWriter(w)
	rows.Write(strings.Split("picture,style_size,style_weight,steps,content,style,unweighted_content,unweighted_style,weights", ","))
	for _, r := range s.results {
		row := []string{s.styles[r.picture].name, strconv.Itoa(r.cfg.StyleSize), r.weight, strconv.Itoa(r.steps), "", "", "", "", ""}
		if r.steps == r.cfg.Steps {
			copy(row[4:], []string{ratio(r.content, 1), ratio(r.style, 1), ratio(r.content, r.cfg.ContentWeight), ratio(r.style, r.cfg.StyleWeight), r.weightsFile()})
		}
		rows.Write(row)
	}
	rows.Flush()
	return rows.Error()
}

// ratio returns a loss without its weight, or nothing where the weight is 0.
func ratio(loss, weight float64) string {
	if weight == 0 {
		return ""
	}
	return fmt.Sprintf("%.6g", loss/weight)
}
