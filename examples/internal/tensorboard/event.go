package tensorboard

import (
	"encoding/binary"
	"math"
	"time"
)

// event is the Event message, of which each record uses one of the last three.
type event struct {
	time    time.Time
	step    int64
	version string
	summary []byte
	restart bool
}

// The numbers are those of event.proto and summary.proto.
func (e event) encode() (b message) {
	b.double(1, float64(e.time.UnixNano())/1e9)
	b.varint(2, uint64(e.step))
	switch {
	case e.version != "":
		b.bytes(3, []byte(e.version))
	case e.summary != nil:
		b.bytes(5, e.summary)
	case e.restart:
		var log message
		log.varint(1, 1) // SessionLog.START
		b.bytes(7, log)
	}
	return b
}

func scalarSummary(tag string, value float32) message {
	var v message
	v.bytes(1, []byte(tag))
	v.float(2, value)
	return summary(v)
}

func imageSummary(tag string, png []byte, width, height int) message {
	var image message
	image.varint(1, uint64(height))
	image.varint(2, uint64(width))
	image.varint(3, 3) // RGB
	image.bytes(4, png)

	var v message
	v.bytes(1, []byte(tag))
	v.bytes(4, image)
	return summary(v)
}

// summary is a Summary message with one value.
func summary(value message) (b message) {
	b.bytes(1, value)
	return b
}

// message is a protocol buffer under construction
// (protobuf.dev/programming-guides/encoding).
type message []byte

const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

func (m *message) key(field, wire uint64) { *m = binary.AppendUvarint(*m, field<<3|wire) }

func (m *message) varint(field, v uint64) {
	m.key(field, wireVarint)
	*m = binary.AppendUvarint(*m, v)
}

func (m *message) bytes(field uint64, v []byte) {
	m.key(field, wireBytes)
	*m = append(binary.AppendUvarint(*m, uint64(len(v))), v...)
}

func (m *message) double(field uint64, v float64) {
	m.key(field, wireFixed64)
	*m = binary.LittleEndian.AppendUint64(*m, math.Float64bits(v))
}

func (m *message) float(field uint64, v float32) {
	m.key(field, wireFixed32)
	*m = binary.LittleEndian.AppendUint32(*m, math.Float32bits(v))
}
