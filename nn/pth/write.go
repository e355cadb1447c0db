package pth

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strconv"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/internal/tensorio"
	"github.com/impasto-go/impasto/nn/statedict"
)

// WriteFile writes d to path. The file appears, or replaces an older one, only
// when it is complete and on disk.
func WriteFile(path string, d statedict.Dict) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return Write(w, d) })
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// Write writes d as torch.save writes an OrderedDict of float32 tensors on the
// CPU: a zip file that torch.load accepts, also with weights_only=True. The same
// state dict gives the same bytes. Names must be unique and data fit its shape.
func Write(w io.Writer, d statedict.Dict) error {
	if err := tensorio.CheckDict(d); err != nil {
		return fmt.Errorf("pth: %w", err)
	}
	a := newArchiveWriter(w)
	a.bytes("data.pkl", pickle(d))
	a.bytes("byteorder", []byte("little"))
	for i, e := range d {
		a.floats("data/"+strconv.Itoa(i), e.Data)
	}
	a.bytes("version", []byte("3\n"))
	return a.close()
}

// archiveWriter writes stored zip records whose data starts at multiples of 64
// bytes, as PyTorch lays them out for memory mapping. Its first error sticks.
type archiveWriter struct {
	counter countingWriter
	zip     *zip.Writer
	err     error
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func newArchiveWriter(w io.Writer) *archiveWriter {
	a := &archiveWriter{counter: countingWriter{w: w}}
	a.zip = zip.NewWriter(&a.counter)
	return a
}

func (a *archiveWriter) bytes(name string, data []byte) {
	a.record(name, int64(len(data)), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func (a *archiveWriter) floats(name string, data []float32) {
	a.record(name, 4*int64(len(data)), func(w io.Writer) error {
		return tensorio.WriteFloats(w, data)
	})
}

// record writes one record; write is called twice, first for the checksum.
func (a *archiveWriter) record(name string, size int64, write func(io.Writer) error) {
	if a.err != nil {
		return
	}
	if size > math.MaxUint32 {
		a.err = fmt.Errorf("pth: record %s has %d bytes, more than 4 GiB", name, size)
		return
	}
	sum := crc32.NewIEEE()
	write(sum) // hashes do not fail
	h := &zip.FileHeader{
		Name: "archive/" + name, Method: zip.Store, CRC32: sum.Sum32(),
		CompressedSize64: uint64(size), UncompressedSize64: uint64(size),
	}
	if a.err = a.zip.Flush(); a.err != nil {
		return
	}
	h.Extra = padding(a.counter.n + localHeader + int64(len(h.Name)))
	w, err := a.zip.CreateRaw(h)
	if err == nil {
		err = write(w)
	}
	a.err = err
}

const (
	localHeader = 30 // bytes of a zip local header before the name
	alignment   = 64
)

// padding returns a zip extra field, under PyTorch's id "FB", after which the
// data that would start at offset at is aligned.
func padding(at int64) []byte {
	n := (alignment - (at+4)%alignment) % alignment
	field := []byte{'F', 'B', byte(n), 0}
	return append(field, bytes.Repeat([]byte{'Z'}, int(n))...)
}

func (a *archiveWriter) close() error {
	if a.err != nil {
		return a.err
	}
	return a.zip.Close()
}

// pickle returns the protocol 2 pickle of an OrderedDict in which entry i is a
// contiguous tensor in storage i.
func pickle(d statedict.Dict) []byte {
	p := pickler{opProto, 2}
	p.global("collections", "OrderedDict")
	p.op(opEmptyTuple, opReduce, opMark)
	for i, e := range d {
		p.str(e.Name)
		p.global("torch._utils", "_rebuild_tensor_v2")
		p.op(opMark, opMark)
		p.str("storage")
		p.global("torch", "FloatStorage")
		p.str(strconv.Itoa(i))
		p.str("cpu")
		p.int(len(e.Data))
		p.op(opTuple, opBinPersID)
		p.int(0) // storage offset
		p.ints(e.Shape)
		p.ints(contiguous(e.Shape))
		p.op(opNewFalse) // requires_grad
		p.global("collections", "OrderedDict")
		p.op(opEmptyTuple, opReduce) // backward hooks
		p.op(opTuple, opReduce)
	}
	p.op(opSetItems, opStop)
	return p
}

// contiguous returns the strides of a row-major tensor as PyTorch computes them,
// where a dimension of 0 counts as 1.
func contiguous(shape []int) []int {
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= max(shape[i], 1)
	}
	return strides
}

// pickler is the pickle written so far.
type pickler []byte

func (p *pickler) op(codes ...byte) { *p = append(*p, codes...) }

func (p *pickler) global(module, name string) {
	*p = append(*p, opGlobal)
	*p = append(*p, module+"\n"+name+"\n"...)
}

func (p *pickler) str(s string) {
	*p = append(*p, opBinUnicode)
	*p = binary.LittleEndian.AppendUint32(*p, uint32(len(s)))
	*p = append(*p, s...)
}

func (p *pickler) int(n int) {
	if n <= math.MaxInt32 {
		*p = append(*p, opBinInt)
		*p = binary.LittleEndian.AppendUint32(*p, uint32(n))
		return
	}
	*p = append(*p, opLong1, 8)
	*p = binary.LittleEndian.AppendUint64(*p, uint64(n))
}

func (p *pickler) ints(ns []int) {
	p.op(opMark)
	for _, n := range ns {
		p.int(n)
	}
	p.op(opTuple)
}
