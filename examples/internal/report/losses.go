package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Losses is the content of losses.csv: the weighted losses of each step, by term.
type Losses struct {
	Terms []string // such as content and style
	Rows  []Row
	// Values are those of the terms and the total of the first row, then those of the
	// others.
	Values []float64
}

// Row is the beginning of a row of losses.csv.
type Row struct{ Step, Epoch, Images int }

// Seen counts the pictures that a run has seen in all, where rows count those of their
// epochs.
type Seen struct {
	before int // the epoch of the last row
	last   Row
}

// After returns how many were seen after a row's step, in the order of the rows.
func (s *Seen) After(r Row) int {
	if r.Epoch != s.last.Epoch {
		s.before += s.last.Images
	}
	s.last = r
	return s.before + r.Images
}

// Of returns the values of the terms in row i, and the total.
func (l *Losses) Of(i int) (terms []float64, total float64) {
	n := len(l.Terms)
	v := l.Values[i*(n+1):][:n+1]
	return v[:n], v[n]
}

// The columns around those of the terms.
const headerStart, headerEnd = "step,epoch,images,", ",total"

// ReadLosses reads the CSV file that training writes. A last row without an end, as
// a crash leaves it, is left out.
func ReadLosses(path string) (*Losses, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	defer f.Close()
	losses, err := ParseLosses(f)
	if err != nil {
		return nil, fmt.Errorf("report: %s: %w", path, err)
	}
	return losses, nil
}

// ParseLosses reads the rows as ReadLosses does, in a first pass their number: growing a slice of that
// many would take more memory than the file has bytes.
func ParseLosses(r io.ReadSeeker) (*Losses, error) {
	rows := bufio.NewReader(r)
	count, size := 0, 0
	var err error
	for err == nil {
		var line []byte
		line, err = rows.ReadSlice('\n')
		size += len(line)
		if err == nil {
			count++
		} else if errors.Is(err, bufio.ErrBufferFull) {
			err = nil
		}
	}
	if err != io.EOF {
		return nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	rows.Reset(r)
	losses := &Losses{Rows: make([]Row, 0, max(count-1, 0))}
	for n := 1; ; n++ {
		line, err := rows.ReadSlice('\n')
		switch {
		case err == io.EOF && n > 1:
			return losses, nil
		case err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if n == 1 {
			if losses.Terms, err = parseHeader(string(line)); err != nil {
				return nil, err
			}
			// A value takes two bytes at least.
			losses.Values = make([]float64, 0, min(cap(losses.Rows)*(len(losses.Terms)+1), size/2))
			continue
		}
		if err := losses.add(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if k := len(losses.Rows); k > 1 && losses.Rows[k-1].Step <= losses.Rows[k-2].Step {
			return nil, fmt.Errorf("line %d: step %d follows step %d", n, losses.Rows[k-1].Step, losses.Rows[k-2].Step)
		}
	}
}

func parseHeader(line string) (terms []string, err error) {
	rest, started := strings.CutPrefix(line, headerStart)
	rest, ended := strings.CutSuffix(rest, headerEnd)
	if !started || !ended || rest == "" {
		return nil, fmt.Errorf("line 1 is not %q, the names of losses and %q", headerStart, headerEnd)
	}
	return strings.Split(rest, ","), nil
}

// add appends a row.
func (l *Losses) add(line []byte) (err error) {
	var r Row
	ints, floats := [...]*int{&r.Step, &r.Epoch, &r.Images}, len(l.Terms)+1
	if n := 1 + bytes.Count(line, []byte(",")); n != len(ints)+floats {
		return fmt.Errorf("%d fields instead of %d", n, len(ints)+floats)
	}
	var field []byte
	for _, p := range ints {
		field, line, _ = bytes.Cut(line, []byte(","))
		if *p, err = strconv.Atoi(string(field)); err != nil {
			return err
		}
	}
	for range floats {
		field, line, _ = bytes.Cut(line, []byte(","))
		v, err := strconv.ParseFloat(string(field), 64)
		if err != nil {
			return err
		}
		l.Values = append(l.Values, v)
	}
	l.Rows = append(l.Rows, r)
	return nil
}
