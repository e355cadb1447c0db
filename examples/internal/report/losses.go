package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// Loss is a row of losses.csv: the weighted losses of one step.
type Loss struct {
	Step, Epoch, Images   int
	Content, Style, Total float64
}

const lossHeader = "step,epoch,images,content,style,total"

// ReadLosses reads the CSV file that training writes. A last row without an end, as
// a crash leaves it, is left out.
func ReadLosses(path string) ([]Loss, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	defer f.Close()
	losses, err := parseLosses(f)
	if err != nil {
		return nil, fmt.Errorf("report: %s: %w", path, err)
	}
	return losses, nil
}

// parseLosses reads the rows, in a first pass their number: growing a slice of that
// many would take more memory than the file has bytes.
func parseLosses(r io.ReadSeeker) (losses []Loss, err error) {
	rows := bufio.NewReader(r)
	count := 0
	for err == nil {
		if _, err = rows.ReadSlice('\n'); err == nil {
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
	losses = make([]Loss, 0, max(count-1, 0))
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
			if string(line) != lossHeader {
				return nil, fmt.Errorf("line 1 is not %q", lossHeader)
			}
			continue
		}
		l, err := parseLoss(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if k := len(losses); k > 0 && l.Step <= losses[k-1].Step {
			return nil, fmt.Errorf("line %d: step %d follows step %d", n, l.Step, losses[k-1].Step)
		}
		losses = append(losses, l)
	}
}

func parseLoss(line []byte) (l Loss, err error) {
	ints, floats := [...]*int{&l.Step, &l.Epoch, &l.Images}, [...]*float64{&l.Content, &l.Style, &l.Total}
	if n := 1 + bytes.Count(line, []byte(",")); n != len(ints)+len(floats) {
		return l, fmt.Errorf("%d fields instead of %d", n, len(ints)+len(floats))
	}
	var field []byte
	for _, p := range ints {
		field, line, _ = bytes.Cut(line, []byte(","))
		if *p, err = strconv.Atoi(string(field)); err != nil {
			return l, err
		}
	}
	for _, p := range floats {
		field, line, _ = bytes.Cut(line, []byte(","))
		if *p, err = strconv.ParseFloat(string(field), 64); err != nil {
			return l, err
		}
	}
	return l, nil
}
