package tensorio

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHalf checks all 65536 values against the definition, in float64.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		sign, exponent, fraction := float64(1-2*(h>>15)), h>>10&31, float64(h&1023)/1024
		var want float64
		switch {
		case exponent == 31 && fraction != 0:
			require.True(t, math.IsNaN(float64(FromHalf(uint16(h)))))
			continue
		case exponent == 31:
			want = math.Inf(int(sign))
		case exponent == 0:
			want = math.Copysign(math.Ldexp(fraction, -14), sign)
		default:
			want = sign * math.Ldexp(1+fraction, exponent-15)
		}
		got := float64(FromHalf(uint16(h)))
		if math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%#04x is %v instead of %v", h, got, want)
		}
	}
}

// TestDecodeChunks decodes more than one buffer of every type, and notices a
// missing last byte.
func TestDecodeChunks(t *testing.T) {
	const n = 70_001
	put := map[DType]func(b []byte, v int) []byte{
		F16: func(b []byte, v int) []byte { return binary.LittleEndian.AppendUint16(b, uint16(v<<14)) }, // 0 or 2
		BF16: func(b []byte, v int) []byte {
			return binary.LittleEndian.AppendUint16(b, uint16(math.Float32bits(float32(v))>>16))
		},
		F32: func(b []byte, v int) []byte { return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v))) },
		F64: func(b []byte, v int) []byte { return binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(v))) },
	}
	for _, dtype := range []DType{Bool, U8, I8} {
		put[dtype] = func(b []byte, v int) []byte { return append(b, byte(v)) }
	}
	for _, dtype := range []DType{U16, I16} {
		put[dtype] = func(b []byte, v int) []byte { return binary.LittleEndian.AppendUint16(b, uint16(v)) }
	}
	for _, dtype := range []DType{U32, I32} {
		put[dtype] = func(b []byte, v int) []byte { return binary.LittleEndian.AppendUint32(b, uint32(v)) }
	}
	for _, dtype := range []DType{U64, I64} {
		put[dtype] = func(b []byte, v int) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) }
	}
	require.Len(t, put, len(dtypes))
	for dtype, put := range put {
		var raw []byte
		for i := range n {
			raw = put(raw, i%2)
		}
		require.Len(t, raw, n*int(dtype.Size()))
		parsed, ok := ParseDType(dtype.String())
		require.True(t, ok)
		require.Equal(t, dtype, parsed)
		got := make([]float32, n)
		var d Decoder
		require.NoError(t, d.Decode(got, bytes.NewReader(raw), dtype))
		one := float32(1)
		if dtype == F16 {
			one = 2
		}
		for i, v := range got {
			if v != one*float32(i%2) {
				t.Fatalf("%v: element %d is %v", dtype, i, v)
			}
		}
		require.ErrorIs(t, d.Decode(got, bytes.NewReader(raw[:len(raw)-1]), dtype), io.ErrUnexpectedEOF)
	}
}

func TestNumElements(t *testing.T) {
	for _, c := range []struct {
		shape []int
		n     int64
		ok    bool
	}{
		{nil, 1, true},
		{[]int{2, 3}, 6, true},
		{[]int{0, 1 << 40, 1 << 40}, 0, false},
		{[]int{0, 5}, 0, true},
		{[]int{-1}, 0, false},
		{[]int{1 << 62, 1 << 62}, 0, false},
		{[]int{1 << 59}, 1 << 59, true},
	} {
		n, ok := NumElements(c.shape)
		require.Equal(t, c.ok, ok, c.shape)
		require.Equal(t, c.n, n, c.shape)
	}
}

func TestBudget(t *testing.T) {
	b := NewBudget(100, 1<<40)
	work := b.Work()
	require.NoError(t, work.Take(100, "as much again"))
	require.ErrorIs(t, work.Take(1, "more"), ErrTooLarge)
	require.NoError(t, b.Take(60, "a"))
	require.ErrorIs(t, b.Take(41, "b"), ErrTooLarge)
	require.ErrorIs(t, b.Take(-1, "b"), ErrTooLarge)
	_, err := b.Floats(math.MaxInt64, "c")
	require.ErrorIs(t, err, ErrTooLarge)
	f, err := b.Floats(10, "d")
	require.NoError(t, err)
	require.Len(t, f, 10)
	require.ErrorIs(t, b.Take(1, "e"), ErrTooLarge)
	require.NoError(t, NewBudget(0, 10).Take(8<<20+20, "default"))
	require.ErrorIs(t, NewBudget(0, 10).Take(8<<20+21, "default"), ErrTooLarge)
}
