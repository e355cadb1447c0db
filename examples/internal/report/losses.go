package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
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

func parseLosses(r io.Reader) (losses []Loss, err error) {
	rows := bufio.NewReader(r)
	for n := 1; ; n++ {
		b, err := rows.ReadSlice('\n')
		switch {
		case err == io.EOF && n > 1:
			return losses, nil
		case err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
		line := strings.TrimRight(string(b), "\r\n")
		if n == 1 {
			if line != lossHeader {
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

func parseLoss(line string) (l Loss, err error) {
	fields := strings.Split(line, ",")
	ints, floats := []*int{&l.Step, &l.Epoch, &l.Images}, []*float64{&l.Content, &l.Style, &l.Total}
	if len(fields) != len(ints)+len(floats) {
		return l, fmt.Errorf("%d fields instead of %d", len(fields), len(ints)+len(floats))
	}
	for i, p := range ints {
		if *p, err = strconv.Atoi(fields[i]); err != nil {
			return l, err
		}
	}
	for i, p := range floats {
		if *p, err = strconv.ParseFloat(fields[len(ints)+i], 64); err != nil {
			return l, err
		}
	}
	return l, nil
}
