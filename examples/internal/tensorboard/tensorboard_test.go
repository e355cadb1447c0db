package tensorboard

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
)

// TestMaskedCRC compares with published values: CRC-32C of the vectors of RFC 3720
// B.4, and the beginning of every file that TensorFlow itself writes, whose
// first record has 24 bytes.
func TestMaskedCRC(t *testing.T) {
	ascending := make([]byte, 32)
	for i := range ascending {
		ascending[i] = byte(i)
	}
	for _, c := range []struct {
		data []byte
		crc  uint32
	}{
		{make([]byte, 32), 0x8a9136aa},
		{bytes.Repeat([]byte{0xff}, 32), 0x62a8ab43},
		{ascending, 0x46dd794e},
		{[]byte("123456789"), 0xe3069283},
	} {
		unmasked := maskedCRC(c.data) - 0xa282ead8
		require.Equal(t, c.crc, unmasked>>17|unmasked<<15)
	}
	length := binary.LittleEndian.AppendUint64(nil, 24)
	require.Equal(t, []byte{0xa3, 0x7f, 0x4b, 0x22}, binary.LittleEndian.AppendUint32(nil, maskedCRC(length)))
}

// TestFile reads everything back with a decoder of its own.
func TestFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs", "run")
	w, err := Open(dir)
	require.NoError(t, err)
	w.now = func() time.Time { return time.Unix(1_600_000_000, 500_000_000) }
	picture := samplePNG(t)
	require.NoError(t, w.Restart(299))
	require.NoError(t, w.Scalar("loss/style", 300, 0.75))
	require.NoError(t, w.Scalar("loss/ü", 1<<40, -3e38))
	require.NoError(t, w.Image("sample", 301, picture, 7, 5))
	require.NoError(t, w.Close())

	records := readRecords(t, dir)
	require.Len(t, records, 5)
	require.Equal(t, "brain.Event:2", string(decode(t, records[0])[3].bytes))

	restart := decode(t, records[1])
	require.EqualValues(t, 300, restart[2].varint)
	require.EqualValues(t, 1, decode(t, restart[7].bytes)[1].varint)

	scalar := decode(t, records[2])
	require.Equal(t, 1_600_000_000.5, math.Float64frombits(scalar[1].fixed))
	require.EqualValues(t, 300, scalar[2].varint)
	value := decode(t, decode(t, scalar[5].bytes)[1].bytes)
	require.Equal(t, "loss/style", string(value[1].bytes))
	require.Equal(t, float32(0.75), math.Float32frombits(uint32(value[2].fixed)))

	scalar = decode(t, records[3])
	require.EqualValues(t, 1<<40, scalar[2].varint)
	value = decode(t, decode(t, scalar[5].bytes)[1].bytes)
	require.Equal(t, "loss/ü", string(value[1].bytes))
	require.Equal(t, float32(-3e38), math.Float32frombits(uint32(value[2].fixed)))

	sample := decode(t, records[4])
	require.EqualValues(t, 301, sample[2].varint)
	value = decode(t, decode(t, sample[5].bytes)[1].bytes)
	require.Equal(t, "sample", string(value[1].bytes))
	img := decode(t, value[4].bytes)
	require.EqualValues(t, 5, img[1].varint, "height")
	require.EqualValues(t, 7, img[2].varint, "width")
	require.EqualValues(t, 3, img[3].varint, "color channels")
	require.Equal(t, picture, img[4].bytes)
}

func TestOpenTwice(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		w, err := Open(dir)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 3)
	for _, n := range names {
		require.True(t, strings.HasPrefix(n.Name(), "events.out.tfevents."), n.Name())
	}
}

func TestErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(file)
	require.ErrorContains(t, err, file)

	w, err := Open(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.ErrorIs(t, w.Scalar("a", 1, 1), os.ErrClosed)
	require.ErrorIs(t, w.Close(), os.ErrClosed)
}

func samplePNG(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 7, 5))))
	return b.Bytes()
}

// readRecords checks the framing of the only file in dir.
func readRecords(t *testing.T, dir string) (records [][]byte) {
	t.Helper()
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 1)
	b, err := os.ReadFile(filepath.Join(dir, names[0].Name()))
	require.NoError(t, err)
	for len(b) > 0 {
		n := binary.LittleEndian.Uint64(b)
		require.Equal(t, maskedCRC(b[:8]), binary.LittleEndian.Uint32(b[8:]))
		data := b[12 : 12+n]
		require.Equal(t, maskedCRC(data), binary.LittleEndian.Uint32(b[12+n:]))
		records = append(records, data)
		b = b[16+n:]
	}
	return records
}

type value struct {
	varint, fixed uint64
	bytes         []byte
}

// decode reads a message whose fields occur once each, by protobuf's own reader.
func decode(t *testing.T, b []byte) map[protowire.Number]value {
	t.Helper()
	fields := map[protowire.Number]value{}
	for len(b) > 0 {
		num, wire, n := protowire.ConsumeTag(b)
		require.NoError(t, protowire.ParseError(n))
		require.NotContains(t, fields, num)
		b = b[n:]
		var v value
		switch wire {
		case protowire.VarintType:
			v.varint, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var f uint32
			f, n = protowire.ConsumeFixed32(b)
			v.fixed = uint64(f)
		case protowire.Fixed64Type:
			v.fixed, n = protowire.ConsumeFixed64(b)
		default:
			v.bytes, n = protowire.ConsumeBytes(b)
		}
		require.NoError(t, protowire.ParseError(n))
		fields[num] = v
		b = b[n:]
	}
	return fields
}
