// Package tensorboard writes event files, which TensorBoard shows as curves and
// pictures:
//
//	tensorboard --logdir DIR
//
// A file is a sequence of records (TFRecord framing) with an Event message each:
// tensorflow/core/lib/io/record_writer.cc and tensorflow/core/util/event.proto.
package tensorboard

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Writer appends to one event file. Each call writes whole records, so that a
// TensorBoard that is reading along, or a program that ends early, leaves nothing
// half shown. A Writer is not safe for concurrent use.
type Writer struct {
	file *os.File
	now  func() time.Time
	buf  []byte
}

// Open makes an event file in dir, and dir if it is missing. Earlier files in dir
// stay: TensorBoard shows them together as one run.
func Open(dir string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	f, err := create(dir)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	w := &Writer{file: f, now: time.Now}
	if err := w.write(event{version: "brain.Event:2"}); err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// create makes a file that did not exist, under a name by which TensorBoard knows
// event files and their order: the time first.
func create(dir string) (*os.File, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	host = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:`, r) {
			return '_'
		}
		return r
	}, host)
	for n := 0; ; n++ {
		name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d.%d", time.Now().Unix(), host, os.Getpid(), n)
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !os.IsExist(err) {
			return f, err
		}
	}
}

// Restart tells that the values that follow begin after step, as in a run that
// continues from a checkpoint: TensorBoard forgets what came later before.
func (w *Writer) Restart(step int) error {
	return w.write(event{step: int64(step) + 1, restart: true})
}

// Scalar adds a point to the curve named tag.
func (w *Writer) Scalar(tag string, step int, value float64) error {
	return w.write(event{step: int64(step), summary: scalarSummary(tag, float32(value))})
}

// Image adds a picture, a PNG file's bytes, of the given size in pixels to those
// named tag.
func (w *Writer) Image(tag string, step int, png []byte, width, height int) error {
	return w.write(event{step: int64(step), summary: imageSummary(tag, png, width, height)})
}

// Close closes the file.
func (w *Writer) Close() error {
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	return nil
}

func (w *Writer) write(e event) error {
	e.time = w.now()
	w.buf = appendRecord(w.buf[:0], e.encode())
	if _, err := w.file.Write(w.buf); err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	return nil
}

// appendRecord frames data: its length and the length's checksum, itself and its
// own checksum, all little endian.
func appendRecord(b, data []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(b[start:]))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, maskedCRC(data))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the CRC-32C of data, rotated and moved so that the checksum of
// data that holds checksums is not degenerate (tensorflow/core/lib/hash/crc32c.h).
func maskedCRC(data []byte) uint32 {
	crc := crc32.Checksum(data, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}
