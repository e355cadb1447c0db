package onnxexport

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Model is an ONNX file: a graph of operators with its weights, and what says
// how to read it. It holds the parts of onnx.proto's ModelProto
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) that this network
// family needs.
type Model struct {
	IRVersion       int64
	Producer        string
	ProducerVersion string
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

// The attribute types that this network family uses, numbered as in
// AttributeProto.AttributeType.
const (
	AttributeFloat  AttributeType = 1
	AttributeInt    AttributeType = 2
	AttributeString AttributeType = 3
	AttributeInts   AttributeType = 7
)

// Attribute is a named constant of a node.
type Attribute struct {
	Name   string
	Type   AttributeType
	Float  float32
	Int    int64
	String string
	Ints   []int64
}

// DataType is an element type, numbered as in TensorProto.DataType.
type DataType int64

// The element types that this network family uses.
const (
	Float32 DataType = 1
	Int64   DataType = 7
)

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
// not empty.
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

// Floats returns the elements of a float32 tensor.
func (t *Tensor) Floats() ([]float32, error) {
	if t.DataType != Float32 {
		return nil, fmt.Errorf("onnxexport: %s has element type %d, expected float32 (1)", t.Name, t.DataType)
	}
	v := make([]float32, len(t.Raw)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Raw[4*i:]))
	}
	return v, nil
}

// Int64s returns the elements of an int64 tensor.
func (t *Tensor) Int64s() ([]int64, error) {
	if t.DataType != Int64 {
		return nil, fmt.Errorf("onnxexport: %s has element type %d, expected int64 (7)", t.Name, t.DataType)
	}
	v := make([]int64, len(t.Raw)/8)
	for i := range v {
		v[i] = int64(binary.LittleEndian.Uint64(t.Raw[8*i:]))
	}
	return v, nil
}

func floatTensor(name string, dims []int64, v []float32) Tensor {
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return Tensor{Dims: dims, DataType: Float32, Name: name, Raw: raw}
}

func int64Tensor(name string, v []int64) Tensor {
	raw := make([]byte, 0, 8*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(x))
	}
	return Tensor{Dims: []int64{int64(len(v))}, DataType: Int64, Name: name, Raw: raw}
}
