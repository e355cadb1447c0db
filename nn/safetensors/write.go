package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Write writes d as F32 tensors in its order, with metadata (may be nil) and the
// checksums. The same arguments give the same bytes. Names must be unique and
// data fit its shape; "__metadata__" and the metadata key "impasto.sha256" are taken.
func Write(w io.Writer, d statedict.Dict, metadata map[string]string) error {
	return writeAs(w, d, metadata, f32)
}

// WriteHalf is Write with F16 tensors, of the numbers nearest to those of d.
func WriteHalf(w io.Writer, d statedict.Dict, metadata map[string]string) error {
	return writeAs(w, d, metadata, f16)
}

// format is how the elements of tensors are written.
type format struct {
	dtype tensorio.DType
	size  int64 // of an element, in bytes
	write func(w io.Writer, data []float32) error
}

var (
	f32 = format{tensorio.F32, 4, tensorio.WriteFloats}
	f16 = format{tensorio.F16, 2, tensorio.WriteHalves}
)

func writeAs(w io.Writer, d statedict.Dict, metadata map[string]string, f format) error {
	if err := tensorio.CheckDict(d); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	header, err := headerJSON(d, metadata, f)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, e := range d {
		if err := f.write(w, e.Data); err != nil {
			return err
		}
	}
	return nil
}

// headerJSON returns the header, padded with spaces so that the data is aligned
// to 8 bytes.
func headerJSON(d statedict.Dict, metadata map[string]string, f format) ([]byte, error) {
	all := map[string]string{}
	for k, v := range metadata {
		if k == checksumKey {
			return nil, fmt.Errorf("the metadata key %q is reserved", checksumKey)
		}
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return nil, fmt.Errorf("metadata %q is not valid UTF-8", k)
		}
		all[k] = v
	}
	all[checksumKey] = checksums(d, f)
	var b bytes.Buffer
	b.WriteString(`{"__metadata__":`)
	writeJSON(&b, all)
	at := int64(0)
	for _, e := range d {
		if e.Name == "__metadata__" {
			return nil, fmt.Errorf("the tensor name %q is reserved", e.Name)
		}
		end := at + f.size*int64(len(e.Data))
		b.WriteByte(',')
		writeJSON(&b, e.Name)
		fmt.Fprintf(&b, `:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, f.dtype.String(), shapeJSON(e.Shape), at, end)
		at = end
	}
	b.WriteByte('}')
	b.Write(bytes.Repeat([]byte{' '}, -b.Len()&7))
	if b.Len() > maxHeader {
		return nil, fmt.Errorf("a header of %d bytes, more than the format's %d", b.Len(), maxHeader)
	}
	return b.Bytes(), nil
}

// writeJSON appends a string or a map of strings, the latter with sorted keys.
func writeJSON(b *bytes.Buffer, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings always marshal
	}
	b.Write(text)
}

// checksums returns the digests of the tensors as the package comment defines them.
func checksums(d statedict.Dict, f format) string {
	digests := make([]string, len(d))
	for i, e := range d {
		sum := sha256.New()
		io.WriteString(sum, (&entry{name: e.Name, dtype: f.dtype.String(), shape: e.Shape}).signature())
		f.write(sum, e.Data) // hashes do not fail
		digests[i] = hex.EncodeToString(sum.Sum(nil))
	}
	return strings.Join(digests, " ")
}
