package train

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// lossHeader returns the first line of a file with the given terms.
func lossHeader(terms []Loss) string {
	header := "step,epoch,images,"
	for _, t := range terms {
		header += t.Name + ","
	}
	return header + "total\n"
}

// lossFile is the CSV file of all steps' losses.
type lossFile struct {
	file   *os.File
	header string
	row    []byte
	err    error // the first of add, after which it writes no more
}

// openLosses opens the file at path for a run that has done step steps: it keeps
// the rows up to there, and none for a run that begins. Another trainer cannot open
// it meanwhile, and the file itself is durable.
func openLosses(path, header string, step int) (*lossFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("losses: %w", err)
	}
	l := &lossFile{file: f, header: header}
	if err = checkpoint.LockFile(f); err != nil {
		err = fmt.Errorf("losses: %s: %w", path, err)
	}
	if err == nil {
		err = l.cut(step)
	}
	if err == nil {
		if err = atomicfile.SyncDir(filepath.Dir(path)); err != nil {
			err = fmt.Errorf("losses: %w", err)
		}
	}
	if err != nil {
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
		end, err = endOfRows(l.file, l.header, step)
	}
	if err == nil {
		err = l.file.Truncate(end)
	}
	if err == nil {
		_, err = l.file.Seek(end, io.SeekStart)
	}
	if err == nil && end == 0 {
		_, err = l.file.WriteString(l.header)
	}
	if err != nil {
		return fmt.Errorf("losses: %s: %w", l.file.Name(), err)
	}
	return nil
}

// endOfRows returns the offset of the end of the rows up to step, 0 for a file that
// is empty or the beginning of the header.
func endOfRows(file io.Reader, header string, step int) (end int64, err error) {
	rows := bufio.NewReader(file)
	for {
		line, err := rows.ReadSlice('\n')
		switch {
		case end == 0 && string(line) == header:
		case end == 0 && err == io.EOF && strings.HasPrefix(header, string(line)):
			return 0, nil
		case err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull):
			return 0, err
		case end == 0 && bytes.HasPrefix(line, []byte("step,epoch,images,")):
			return 0, fmt.Errorf("it has the columns %.200q, this run %q: name another, or remove it", bytes.TrimSpace(line), strings.TrimSpace(header))
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
	for _, t := range losses.Terms {
		row = append(strconv.AppendFloat(row, t.Value, 'g', -1, 64), ',')
	}
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
