package safetensors

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Read returns the tensors in the size bytes of r in the header's order, and the
// header's metadata without the checksum.
func Read(r io.ReaderAt, size int64, opts ...Option) (statedict.Dict, map[string]string, error) {
	options := tensorio.NewReadOptions(opts)
	budget := tensorio.NewBudget(options.MaxBytes, size)
	fault := &tensorio.FaultReader{R: r, Context: options.Context}
	h, err := readHeader(fault, size, budget)
	if err == nil {
		err = h.layout(size)
	}
	if err == nil && options.RequireChecksum && !h.hasChecksum() {
		err = fmt.Errorf("%w: its header has no checksum (%s)", ErrCorrupt, checksumKey)
	}
	var d statedict.Dict
	if err == nil {
		d, err = h.read(fault, &options, budget)
	}
	if fault.Err != nil {
		return nil, nil, fmt.Errorf("reading: %w", fault.Err)
	}
	if err != nil {
		return nil, nil, err
	}
	delete(h.metadata, checksumKey)
	return d, h.metadata, nil
}

// entry is a tensor as the header describes it; its data lies at [begin, end)
// after the header.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int64
	digest     string // hex, empty if the file has none
}

// header is a parsed header; data starts at byte dataStart of the file.
type header struct {
	entries   []entry
	metadata  map[string]string
	dataStart int64
}

const maxHeader = 100_000_000

func readHeader(r io.ReaderAt, size int64, budget *tensorio.Budget) (*header, error) {
	if size < 8 {
		return nil, fmt.Errorf("%w: %d bytes are too few for a safetensors file", ErrCorrupt, size)
	}
	var length [8]byte
	if _, err := r.ReadAt(length[:], 0); err != nil && err != io.EOF {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("%w: a header of %d bytes in a file of %d (at most %d are allowed)", ErrCorrupt, n, size, maxHeader)
	}
	if err := budget.Take(int64(n), "the header"); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	if _, err := r.ReadAt(b, 8); err != nil && err != io.EOF {
		return nil, err
	}
	h := &header{dataStart: 8 + int64(n)}
	p := parser{b: b, budget: budget}
	return h, p.header(h)
}

// layout checks that the tensors fill the data exactly and that each has the size
// of its shape, and hands out the checksums.
func (h *header) layout(size int64) error {
	order := h.byOffset()
	at := int64(0)
	for _, e := range order {
		if e.begin != at || e.end < e.begin {
			return fmt.Errorf("%w: tensor %.80q lies at [%d,%d) where byte %d was to follow: a hole or an overlap", ErrCorrupt, e.name, e.begin, e.end, at)
		}
		n, ok := tensorio.NumElements(e.shape)
		if !ok {
			return fmt.Errorf("%w: tensor %.80q has an impossible shape", ErrCorrupt, e.name)
		}
		if t, known := tensorio.ParseDType(e.dtype); known && n*t.Size() != e.end-e.begin {
			return fmt.Errorf("%w: tensor %.80q has %d bytes for %d elements of type %v", ErrCorrupt, e.name, e.end-e.begin, n, t)
		}
		at = e.end
	}
	if at != size-h.dataStart {
		return fmt.Errorf("%w: the header describes %d bytes of data, the file holds %d", ErrCorrupt, at, size-h.dataStart)
	}
	sums, ok := h.metadata[checksumKey]
	if !ok {
		return nil
	}
	const digest = 2 * sha256.Size // and a space between two
	if len(sums) != max(0, (digest+1)*len(order)-1) {
		return fmt.Errorf("%w: the checksums in its header are damaged", ErrCorrupt)
	}
	for i, e := range order {
		e.digest = sums[(digest+1)*i:][:digest]
	}
	return nil
}

func (h *header) hasChecksum() bool {
	_, ok := h.metadata[checksumKey]
	return ok
}

// byOffset returns the entries in the order of their data.
func (h *header) byOffset() []*entry {
	order := make([]*entry, len(h.entries))
	for i := range h.entries {
		order[i] = &h.entries[i]
	}
	slices.SortStableFunc(order, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	return order
}

// read reads the wanted tensors.
func (h *header) read(r io.ReaderAt, options *tensorio.ReadOptions, budget *tensorio.Budget) (statedict.Dict, error) {
	var d statedict.Dict
	var decoder tensorio.Decoder
	names := make([]string, len(h.entries))
	for i := range h.entries {
		names[i] = h.entries[i].name
	}
	renamed := options.Rename(names)
	for i := range h.entries {
		e, name := &h.entries[i], renamed.Names[i]
		if renamed.Dropped(i) || !options.Wants(name) {
			continue
		}
		t, ok := tensorio.ParseDType(e.dtype)
		if !ok {
			return nil, fmt.Errorf("%w: tensor %.80q has the unsupported type %.20q", ErrCorrupt, e.name, e.dtype)
		}
		n, _ := tensorio.NumElements(e.shape)
		data, err := budget.Floats(n, fmt.Sprintf("tensor %.80q", e.name))
		if err != nil {
			return nil, err
		}
		sum := sha256.New()
		io.WriteString(sum, e.signature())
		section := io.NewSectionReader(r, h.dataStart+e.begin, e.end-e.begin)
		if err := decoder.Decode(data, io.TeeReader(section, sum), t); err != nil {
			return nil, fmt.Errorf("%w: tensor %.80q: %w", ErrCorrupt, e.name, err)
		}
		if e.digest != "" && e.digest != hex.EncodeToString(sum.Sum(nil)) {
			return nil, fmt.Errorf("%w: tensor %.80q does not match its checksum: the file has changed", ErrCorrupt, e.name)
		}
		d = append(d, statedict.Entry{Name: name, Shape: e.shape, Data: data})
	}
	return d, nil
}

// signature is what the checksum covers besides the data.
func (e *entry) signature() string {
	return e.name + "\x00" + e.dtype + "\x00" + shapeJSON(e.shape) + "\x00"
}

// shapeJSON returns "[8,3,9,9]".
func shapeJSON(shape []int) string {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, d := range shape {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(d))
	}
	b.WriteByte(']')
	return b.String()
}
