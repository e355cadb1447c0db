package onnx

import (
	"encoding/binary"
	"math"
)

// encoder appends fields in the protobuf wire format
// (https://protobuf.dev/programming-guides/encoding/). ONNX files are one such
// message; the few field kinds below are all that they use.
type encoder struct{ buf []byte }

// Wire types of the protobuf encoding.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

func (e *encoder) tag(field, wire int) {
	e.buf = binary.AppendUvarint(e.buf, uint64(field)<<3|uint64(wire))
}

func (e *encoder) varint(field int, v int64) {
	e.tag(field, wireVarint)
	e.buf = binary.AppendUvarint(e.buf, uint64(v))
}

// varints writes a repeated integer without packing, as PyTorch does.
func (e *encoder) varints(field int, vs []int64) {
	for _, v := range vs {
		e.varint(field, v)
	}
}

func (e *encoder) float(field int, v float32) {
	e.tag(field, wireFixed32)
	e.buf = binary.LittleEndian.AppendUint32(e.buf, math.Float32bits(v))
}

func (e *encoder) bytes(field int, b []byte) {
	e.tag(field, wireBytes)
	e.buf = binary.AppendUvarint(e.buf, uint64(len(b)))
	e.buf = append(e.buf, b...)
}

func (e *encoder) text(field int, s string) { e.bytes(field, []byte(s)) }

// optional writes s unless it is empty.
func (e *encoder) optional(field int, s string) {
	if s != "" {
		e.text(field, s)
	}
}

func (e *encoder) texts(field int, ss []string) {
	for _, s := range ss {
		e.text(field, s)
	}
}

// message writes an embedded message whose fields encode writes.
func (e *encoder) message(field int, encode func(*encoder)) {
	var inner encoder
	encode(&inner)
	e.bytes(field, inner.buf)
}
