package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/internal/tensorio"
)

// Model is an ONNX file: a graph of operators with its weights, and what says
// how to read it. It holds the parts of onnx.proto's ModelProto
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) that style transfer
// networks need.
type Model struct {
	IRVersion       int64
	Producer        string
	ProducerVersion string
	Doc             string // for people
	Graph           Graph
	Metadata        []Property
	Opsets          []Opset
}

// Opset names a version of an operator set; the standard operators have the
// empty Domain.
type Opset struct {
	Domain  string
	Version int64
}

// Property is one entry of the model's metadata.
type Property struct{ Key, Value string }

// Graph is a list of nodes in an order in which they can be computed. Values
// flow between nodes by name.
type Graph struct {
	Name         string
	Nodes        []Node
	Initializers []Tensor
	Inputs       []ValueInfo
	Outputs      []ValueInfo
	Values       []ValueInfo // shapes of values between, for viewers; optional
}

// Node applies the operator Op to Inputs (names of values or initializers; an
// empty name is an omitted optional input).
type Node struct {
	Inputs     []string
	Outputs    []string
	Name       string
	Op         string
	Domain     string
	Attributes []Attribute
}

// AttributeType says which field of an [Attribute] holds its value.
type AttributeType int64

// The attribute types that style transfer networks use, numbered as in
// AttributeProto.AttributeType.
const (
	AttributeFloat  AttributeType = 1
	AttributeInt    AttributeType = 2
	AttributeString AttributeType = 3
	AttributeTensor AttributeType = 4
	AttributeFloats AttributeType = 6
	AttributeInts   AttributeType = 7
)

// Attribute is a named constant of a node.
type Attribute struct {
	Name   string
	Type   AttributeType
	Float  float32
	Int    int64
	String string
	Tensor *Tensor
	Floats []float32
	Ints   []int64
}

// Attribute returns the attribute called name, or nil if n has none.
func (n *Node) Attribute(name string) *Attribute {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return &n.Attributes[i]
		}
	}
	return nil
}

// DataType is an element type, numbered as in TensorProto.DataType.
type DataType int64

// The element types that style transfer networks use: pixels and weights are
// floats, sizes and pads integers.
const (
	Float32 DataType = 1
	Uint8   DataType = 2
	Int8    DataType = 3
	Int32   DataType = 6
	Int64   DataType = 7
	Bool    DataType = 9
	Float16 DataType = 10
	Float64 DataType = 11
)

// widths holds the bytes of an element of each type.
var widths = map[DataType]int{Float32: 4, Uint8: 1, Int8: 1, Int32: 4, Int64: 8, Bool: 1, Float16: 2, Float64: 8}

// isFloat tells real numbers from integers and booleans.
func (t DataType) isFloat() bool { return t == Float32 || t == Float16 || t == Float64 }

// Tensor is an initializer: a named constant such as a weight.
type Tensor struct {
	Dims     []int64
	DataType DataType
	Name     string
	Raw      []byte // the elements in C order, little endian
}

// ValueInfo declares the type and shape of a graph's input or output.
type ValueInfo struct {
	Name     string
	DataType DataType
	Dims     []Dim
}

// Dim is a fixed size, or a symbol for one known only at run time when Param is
// not empty. A Dim of zeros says nothing.
type Dim struct {
	Value int64
	Param string
}

// String returns the number or the symbol.
func (d Dim) String() string {
	if d.Param != "" {
		return d.Param
	}
	return fmt.Sprint(d.Value)
}

// Property returns the metadata value for key, or "" if there is none.
func (m *Model) Property(key string) string {
	for _, p := range m.Metadata {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// Floats returns the elements of a tensor of real numbers; those of a double
// are rounded to float32.
func (t *Tensor) Floats() ([]float32, error) {
	width := widths[t.DataType]
	if !t.DataType.isFloat() || len(t.Raw)%width != 0 {
		return nil, fmt.Errorf("%s has element type %d, expected float32 (1), float16 (10) or double (11)", printable.Name(t.Name), t.DataType)
	}
	v := make([]float32, len(t.Raw)/width)
	for i := range v {
		switch b := t.Raw[width*i:]; t.DataType {
		case Float32:
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b))
		case Float16:
			v[i] = tensorio.FromHalf(binary.LittleEndian.Uint16(b))
		case Float64:
			v[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	}
	return v, nil
}

// Integers returns the elements of a tensor of integers or booleans.
func (t *Tensor) Integers() ([]int64, error) {
	width := widths[t.DataType]
	if width == 0 || t.DataType.isFloat() || len(t.Raw)%width != 0 {
		return nil, fmt.Errorf("%s has element type %d, expected integers", printable.Name(t.Name), t.DataType)
	}
	v := make([]int64, len(t.Raw)/width)
	for i := range v {
		switch b := t.Raw[width*i:]; t.DataType {
		case Int64:
			v[i] = int64(binary.LittleEndian.Uint64(b))
		case Int32:
			v[i] = int64(int32(binary.LittleEndian.Uint32(b)))
		case Int8:
			v[i] = int64(int8(b[0]))
		default:
			v[i] = int64(b[0])
		}
	}
	return v, nil
}

// FloatTensor returns a float32 constant.
func FloatTensor(name string, dims []int64, v []float32) Tensor {
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return Tensor{Dims: dims, DataType: Float32, Name: name, Raw: raw}
}

// HalfTensor returns a float16 constant of the values nearest to v.
func HalfTensor(name string, dims []int64, v []float32) Tensor {
	raw := make([]byte, 0, 2*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint16(raw, tensorio.ToHalf(x))
	}
	return Tensor{Dims: dims, DataType: Float16, Name: name, Raw: raw}
}

// IntegerTensor returns an int64 vector.
func IntegerTensor(name string, v ...int64) Tensor {
	raw := make([]byte, 0, 8*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(x))
	}
	return Tensor{Dims: []int64{int64(len(v))}, DataType: Int64, Name: name, Raw: raw}
}

// SetProperty sets the metadata value for key.
func (m *Model) SetProperty(key, value string) {
	for i := range m.Metadata {
		if m.Metadata[i].Key == key {
			m.Metadata[i].Value = value
			return
		}
	}
	m.Metadata = append(m.Metadata, Property{key, value})
}
