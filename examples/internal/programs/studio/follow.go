package studio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/impasto-go/impasto/examples/internal/report"
)

// follower reads a file of losses while a training writes it.
type follower struct {
	name     string
	head     []byte // the first line, nil before there is one
	terms    []string
	offset   int64 // of what has not been read
	changed  time.Time
	last     int // step
	perEpoch int // batches
	newest   map[string]report.Number
}

// errOther says that the file is not the one that was begun: a resumed run has cut it,
// or another one has replaced it.
var errOther = errors.New("the file of losses is another one now")

// maxRead bounds what is read of a file at once, maxHeader the length of its first line.
const (
	maxRead   = 8 << 20
	maxHeader = 8 << 10
)

// follow begins with a file, which need not be there yet.
func follow(l *library, name string) follower {
	f := follower{name: name}
	file, err := l.open(name)
	if err != nil {
		return f
	}
	defer file.Close()
	head := firstLine(file)
	if one, err := report.ParseLosses(bytes.NewReader(head)); head != nil && err == nil {
		f.head, f.terms, f.offset = head, one.Terms, int64(len(head))
	} else if info, err := file.Stat(); head != nil && err == nil {
		f.changed = info.ModTime() // no table as it is
	}
	return f
}

// firstLine returns the first line of a file with its end, nil if it has none.
func firstLine(file *os.File) []byte {
	b := make([]byte, maxHeader)
	n, err := file.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil
	}
	end := bytes.IndexByte(b[:n], '\n') + 1
	if end == 0 {
		return nil
	}
	return b[:end]
}

// next returns the rows that came since the last call, nil if there are none.
func (f *follower) next(l *library) (rows *report.Losses, err error) {
	file, err := l.open(f.name)
	if err != nil {
		return nil, nil // it comes with the first step
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	head := firstLine(file)
	switch {
	case head == nil:
		return nil, nil
	case f.head == nil && f.changed.Equal(info.ModTime()):
		return nil, nil
	case !bytes.Equal(head, f.head) || info.Size() < f.offset:
		f.changed = info.ModTime()
		return nil, errOther
	}
	f.changed = info.ModTime()
	b := make([]byte, min(maxRead, info.Size()-f.offset))
	n, err := file.ReadAt(b, f.offset)
	if err != nil && err != io.EOF {
		return nil, err
	}
	whole := bytes.LastIndexByte(b[:n], '\n') + 1
	if whole == 0 {
		return nil, nil
	}
	rows, err = report.ParseLosses(bytes.NewReader(slices.Concat(f.head, b[:whole])))
	if err == nil && len(rows.Rows) > 0 && rows.Rows[0].Step <= f.last {
		err = fmt.Errorf("step %d follows step %d", rows.Rows[0].Step, f.last)
	}
	if err != nil && f.last > 0 { // what was cut has grown again
		return nil, errOther
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	f.offset += int64(whole)
	f.note(rows)
	return rows, nil
}

// again has the next call return all rows.
func (f *follower) again() { f.offset, f.last = int64(len(f.head)), 0 }

// note keeps the newest values, and what the samples' names are read by.
func (f *follower) note(rows *report.Losses) {
	for _, row := range rows.Rows {
		if row.Epoch == 1 {
			f.perEpoch = row.Step
		}
		f.last = row.Step
	}
	if n := len(rows.Rows); n > 0 {
		terms, total := rows.Of(n - 1)
		f.newest = map[string]report.Number{"total": report.Number(total)}
		for i, t := range terms {
			f.newest[f.terms[i]] = report.Number(t)
		}
	}
}
