package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
)

// ErrCorrupt is what every error about a damaged or malicious ONNX file wraps:
// errors.Is(err, ErrCorrupt) holds for each of them. It wraps the error of the same
// name of package weights.
var ErrCorrupt = fmt.Errorf("%w: damaged ONNX file", tensorio.ErrCorrupt)

// CorruptError says where in the file the damage was found.
type CorruptError struct {
	Offset int    // bytes from the start of the file
	Reason string // what is wrong there
}

// Error names the offset and the reason.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("%v: at byte %d: %s", ErrCorrupt, e.Offset, e.Reason)
}

// Unwrap returns [ErrCorrupt].
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// maxItems bounds the repeated fields (nodes, names, dimensions, ...) of a
// file. An empty one takes two bytes in the file but some hundred in memory;
// the bound keeps a small file from taking a lot of memory. A network of 100
// residual blocks stays below it.
const maxItems = 1 << 14

// decoder walks over the fields of one message. It never copies the file:
// embedded messages and byte strings are slices of it.
type decoder struct {
	buf   []byte
	start int  // offset of buf in the file
	items *int // repeated fields left, shared by all messages of the file
}

// field is one field of a message. Its value is in num (varint and fixed wire
// types) or in bytes.
type field struct {
	number int
	wire   int
	num    uint64
	bytes  []byte
	offset int // of the value in the file
	items  *int
}

// each calls handle for every field of the message, in order. Fields that
// handle does not know have been skipped by then.
func (d decoder) each(handle func(field) error) error {
	for pos := 0; pos < len(d.buf); {
		f, n, err := d.field(pos)
		if err != nil {
			return err
		}
		if err := handle(f); err != nil {
			return err
		}
		pos += n
	}
	return nil
}

// field reads the field at pos and returns its length.
func (d decoder) field(pos int) (field, int, error) {
	fail := func(reason string, args ...any) (field, int, error) {
		return field{}, 0, &CorruptError{d.start + pos, fmt.Sprintf(reason, args...)}
	}
	rest := d.buf[pos:]
	tag, n := binary.Uvarint(rest)
	if n <= 0 {
		return fail("broken field tag")
	}
	number := tag >> 3
	if number == 0 || number > 1<<29-1 {
		return fail("impossible field number %d", number)
	}
	rest = rest[n:]
	f := field{number: int(number), wire: int(tag & 7), offset: d.start + pos + n, items: d.items}
	size := 0
	switch f.wire {
	case wireVarint:
		if f.num, size = binary.Uvarint(rest); size <= 0 {
			return fail("broken integer in field %d", number)
		}
	case wireFixed64:
		if size = 8; len(rest) < size {
			return fail("field %d is cut off", number)
		}
		f.num = binary.LittleEndian.Uint64(rest)
	case wireFixed32:
		if size = 4; len(rest) < size {
			return fail("field %d is cut off", number)
		}
		f.num = uint64(binary.LittleEndian.Uint32(rest))
	case wireBytes:
		length, k := binary.Uvarint(rest)
		if k <= 0 {
			return fail("broken length of field %d", number)
		}
		if length > uint64(len(rest)-k) {
			return fail("field %d needs %d bytes, %d are left", number, length, len(rest)-k)
		}
		size = k + int(length)
		f.bytes = rest[k:size:size] // full slice: an append must not overwrite the file
		f.offset += k
	default:
		return fail("wire type %d in field %d", f.wire, number)
	}
	return f, n + size, nil
}

func (f field) corrupt(format string, args ...any) error {
	return &CorruptError{f.offset, fmt.Sprintf(format, args...)}
}

func (f field) expect(wire int) error {
	if f.wire != wire {
		return f.corrupt("field %d has wire type %d, expected %d", f.number, f.wire, wire)
	}
	return nil
}

// count takes n repeated fields from the file's allowance.
func (f field) count(n int) error {
	if n > *f.items {
		return f.corrupt("more than %d repeated fields", maxItems)
	}
	*f.items -= n
	return nil
}

func (f field) message() (decoder, error) {
	return decoder{f.bytes, f.offset, f.items}, f.expect(wireBytes)
}

func (f field) integer(dst *int64) error {
	*dst = int64(f.num)
	return f.expect(wireVarint)
}

func (f field) float(dst *float32) error {
	*dst = math.Float32frombits(uint32(f.num))
	return f.expect(wireFixed32)
}

func (f field) text(dst *string) error {
	if err := f.expect(wireBytes); err != nil {
		return err
	}
	if !utf8.Valid(f.bytes) {
		return f.corrupt("field %d is not UTF-8 text", f.number)
	}
	*dst = string(f.bytes)
	return nil
}

func (f field) appendText(dst *[]string) error {
	var s string
	if err := f.text(&s); err != nil {
		return err
	}
	*dst = append(*dst, s)
	return f.count(1)
}

// appendIntegers reads one element of a repeated integer, or a packed run.
func (f field) appendIntegers(dst *[]int64) error {
	if f.wire == wireVarint {
		*dst = append(*dst, int64(f.num))
		return f.count(1)
	}
	if err := f.expect(wireBytes); err != nil {
		return err
	}
	for rest := f.bytes; len(rest) > 0; {
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			return f.corrupt("broken integer in packed field %d", f.number)
		}
		if err := f.count(1); err != nil {
			return err
		}
		*dst = append(*dst, int64(v))
		rest = rest[n:]
	}
	return nil
}

// appendFloats reads one element of a repeated float, or a packed run.
func (f field) appendFloats(dst *[]float32) error {
	b := f.appendFixed(nil)
	if len(b)%4 != 0 {
		return f.corrupt("packed field %d is cut off", f.number)
	}
	for ; len(b) > 0; b = b[4:] {
		*dst = append(*dst, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return f.count(1 + len(f.bytes)/4)
}

// appendFixed appends the bytes of a fixed-size number or of a packed run of
// them.
func (f field) appendFixed(dst []byte) []byte {
	switch f.wire {
	case wireFixed32:
		return binary.LittleEndian.AppendUint32(dst, uint32(f.num))
	case wireFixed64:
		return binary.LittleEndian.AppendUint64(dst, f.num)
	}
	return append(dst, f.bytes...)
}

// appendHalves appends 16 bits for each element of a repeated integer. They are
// not counted: they take at most twice the file's bytes.
func (f field) appendHalves(dst *[]byte) error {
	if f.wire == wireVarint {
		*dst = binary.LittleEndian.AppendUint16(*dst, uint16(f.num))
		return nil
	}
	for rest := f.bytes; len(rest) > 0; {
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			return f.corrupt("broken integer in packed field %d", f.number)
		}
		*dst = binary.LittleEndian.AppendUint16(*dst, uint16(v))
		rest = rest[n:]
	}
	return f.expect(wireBytes)
}

// appendMessage reads one element of a repeated message with decode.
func appendMessage[T any](f field, dst *[]T, decode func(*T, decoder) error) error {
	if err := f.count(1); err != nil {
		return err
	}
	d, err := f.message()
	if err != nil {
		return err
	}
	var v T
	if err := decode(&v, d); err != nil {
		return err
	}
	*dst = append(*dst, v)
	return nil
}
