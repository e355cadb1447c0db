package train

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

const lossHeader = "step,epoch,images,content,style,total\n"

// lossFile is the CSV file of all steps' losses.
type lossFile struct {
	file *os.File
	row  []byte
	err  error // the first of add, after which it writes no more
}

// openLosses opens the file at path for a run that has done step steps: it keeps
// the rows up to there, and none for a run that begins.
func openLosses(path string, step int) (*lossFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("losses: %w", err)
	}
	l := &lossFile{file: f}
	if err := l.cut(step); err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

// cut removes the rows after step, and one that was not finished. An empty file
// gets its header.
func (l *lossFile) cut(step int) error {
	_, err := l.file.Seek(0, io.SeekStart)
	var end int64
	if err == nil {
		end, err = endOfRows(l.file, step)
	}
	if err == nil {
		err = l.file.Truncate(end)
	}
	if err == nil {
		_, err = l.file.Seek(end, io.SeekStart)
	}
	if err == nil && end == 0 {
		_, err = l.file.WriteString(lossHeader)
	}
	if err != nil {
		return fmt.Errorf("losses: %s: %w", l.file.Name(), err)
	}
	return nil
}

// endOfRows returns the offset of the end of the rows up to step, 0 for a file that
// is empty or the beginning of a header.
func endOfRows(file io.Reader, step int) (end int64, err error) {
	rows := bufio.NewReader(file)
	for {
		line, err := rows.ReadSlice('\n')
		switch {
		case end == 0 && string(line) == lossHeader:
		case end == 0 && err == io.EOF && strings.HasPrefix(lossHeader, string(line)):
			return 0, nil
		case err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull):
			return 0, err
		case end == 0:
			return 0, errors.New("it exists and is not a file of losses: name another, or remove it")
		case err != nil: // an unfinished row
			return end, nil
		default:
			first, _, _ := strings.Cut(string(line), ",")
			if n, err := strconv.Atoi(first); err != nil || n > step {
				return end, nil
			}
		}
		end += int64(len(line))
	}
}

// add appends the row of a step.
func (l *lossFile) add(step, epoch, images int, losses *Losses) error {
	row := l.row[:0]
	for _, v := range [...]int{step, epoch, images} {
		row = append(strconv.AppendInt(row, int64(v), 10), ',')
	}
	row = append(strconv.AppendFloat(row, losses.Content, 'g', -1, 64), ',')
	row = append(strconv.AppendFloat(row, losses.Style, 'g', -1, 64), ',')
	row = append(strconv.AppendFloat(row, losses.Total(), 'g', -1, 64), '\n')
	l.row = row
	if l.err == nil {
		if _, err := l.file.Write(row); err != nil {
			l.err = fmt.Errorf("losses: %w", err)
		}
	}
	return l.err
}

// sync makes the rows durable.
func (l *lossFile) sync() error {
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("losses: %w", err)
	}
	return nil
}

func (l *lossFile) close() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("losses: %w", err)
	}
	return nil
}
