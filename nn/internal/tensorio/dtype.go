package tensorio

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// DType is the type of a tensor's elements in a file, little endian.
type DType uint8

// The element types, under the names that safetensors gives them.
const (
	F16 DType = iota
	BF16
	F32
	F64
	Bool
	U8
	I8
	U16
	I16
	U32
	I32
	U64
	I64
)

var dtypes = [...]struct {
	name string
	size int64
}{
	F16: {"F16", 2}, BF16: {"BF16", 2}, F32: {"F32", 4}, F64: {"F64", 8}, Bool: {"BOOL", 1},
	U8: {"U8", 1}, I8: {"I8", 1}, U16: {"U16", 2}, I16: {"I16", 2},
	U32: {"U32", 4}, I32: {"I32", 4}, U64: {"U64", 8}, I64: {"I64", 8},
}

// ParseDType returns the type with the given safetensors name.
func ParseDType(name string) (DType, bool) {
	for t := range dtypes {
		if dtypes[t].name == name {
			return DType(t), true
		}
	}
	return 0, false
}

// Size returns the bytes of one element.
func (t DType) Size() int64 { return dtypes[t].size }

func (t DType) String() string { return dtypes[t].name }

// maxExact is the largest integer up to which float32 holds every integer.
const maxExact = 1 << 24

// Decoder converts streams of elements to float32 through one reused buffer.
type Decoder struct{ buf [64 << 10]byte }

// Decode fills dst from r, which holds elements of type t. Half precision,
// bfloat16 and small integers convert exactly, float64 is rounded to nearest,
// and an integer beyond ±2^24 is an error because it might change.
func (d *Decoder) Decode(dst []float32, r io.Reader, t DType) error {
	size := int(t.Size())
	for len(dst) > 0 {
		n := min(len(dst), len(d.buf)/size)
		b := d.buf[:n*size]
		if _, err := io.ReadFull(r, b); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if err := convert(dst[:n], b, t); err != nil {
			return err
		}
		dst = dst[n:]
	}
	return nil
}

func convert(dst []float32, b []byte, t DType) error {
	le := binary.LittleEndian
	switch t {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(le.Uint32(b[4*i:]))
		}
	case F16:
		for i := range dst {
			dst[i] = FromHalf(le.Uint16(b[2*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(le.Uint16(b[2*i:])) << 16)
		}
	case F64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(le.Uint64(b[8*i:])))
		}
	default:
		for i := range dst {
			v := integer(b, i, t)
			if v < -maxExact || v > maxExact {
				return fmt.Errorf("the %v %d is too large for float32 to hold exactly", t, v)
			}
			dst[i] = float32(v)
		}
	}
	return nil
}

// integer returns element i; an unsigned 64-bit value too large for int64
// becomes the largest one, which Decode refuses anyway.
func integer(b []byte, i int, t DType) int64 {
	le := binary.LittleEndian
	switch t {
	case Bool:
		if b[i] != 0 {
			return 1
		}
		return 0
	case U8:
		return int64(b[i])
	case I8:
		return int64(int8(b[i]))
	case U16:
		return int64(le.Uint16(b[2*i:]))
	case I16:
		return int64(int16(le.Uint16(b[2*i:])))
	case U32:
		return int64(le.Uint32(b[4*i:]))
	case I32:
		return int64(int32(le.Uint32(b[4*i:])))
	case U64:
		return int64(min(le.Uint64(b[8*i:]), math.MaxInt64))
	default:
		return int64(le.Uint64(b[8*i:]))
	}
}

// WriteFloats writes data as little-endian float32, a chunk at a time.
func WriteFloats(w io.Writer, data []float32) error {
	var buf [16 << 10]byte
	for len(data) > 0 {
		n := min(len(data), len(buf)/4)
		for i, v := range data[:n] {
			binary.LittleEndian.PutUint32(buf[4*i:], math.Float32bits(v))
		}
		if _, err := w.Write(buf[:4*n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// WriteHalves writes the binary16 numbers nearest to data, a chunk at a time.
func WriteHalves(w io.Writer, data []float32) error {
	var buf [16 << 10]byte
	for chunk := range slices.Chunk(data, len(buf)/2) {
		for i, v := range chunk {
			binary.LittleEndian.PutUint16(buf[2*i:], ToHalf(v))
		}
		if _, err := w.Write(buf[:2*len(chunk)]); err != nil {
			return err
		}
	}
	return nil
}
