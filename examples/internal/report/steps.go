package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
)

// maxSteps bounds the rows that reading a foreign file takes.
const maxSteps = 1 << 20

// readSteps parses the file at path; one that is missing is like one without rows.
func readSteps[T any](path string, parse func(io.Reader) (T, error)) (t T, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("report: %w", err)
	}
	defer file.Close()
	if t, err = parse(file); err != nil {
		return t, fmt.Errorf("report: %s: %w", path, err)
	}
	return t, nil
}

// parseSteps hands the fields of the first line of r to head, and of each other line,
// which has as many, its step and the values after it to row. Steps increase.
func parseSteps(r io.Reader, head func(fields []string) error, row func(step int, values []float64)) error {
	rows := csv.NewReader(r)
	rows.ReuseRecord = true
	last := 0
	for n := 1; ; n++ {
		fields, err := rows.Read()
		switch {
		case err == io.EOF && n > 1:
			return nil
		case err != nil && err != io.EOF:
			return err
		case n == 1:
			if err := head(fields); err != nil {
				return fmt.Errorf("line 1 %w", err)
			}
			continue
		case n > maxSteps+1:
			return fmt.Errorf("more than %d rows", maxSteps)
		}
		step, err := strconv.Atoi(fields[0])
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if n > 2 && step <= last {
			return fmt.Errorf("line %d: step %d follows step %d", n, step, last)
		}
		last = step
		values := make([]float64, len(fields)-1)
		for i := range values {
			if values[i], err = strconv.ParseFloat(fields[i+1], 64); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
		row(step, values)
	}
}
