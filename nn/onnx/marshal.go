package onnx

// Field numbers below are those of onnx.proto; see the message named in each
// comment.

// Marshal returns the bytes of the ONNX file. The opset, which every file must
// have, comes last, so that no truncated file is a valid one.
func (m *Model) Marshal() []byte {
	var e encoder // ModelProto
	e.varint(1, m.IRVersion)
	e.optional(2, m.Producer)
	e.optional(3, m.ProducerVersion)
	e.optional(6, m.Doc)
	e.message(7, m.Graph.encode)
	for _, p := range m.Metadata {
		e.message(14, p.encode)
	}
	for _, o := range m.Opsets {
		e.message(8, o.encode)
	}
	return e.buf
}

// encode writes a StringStringEntryProto.
func (p Property) encode(e *encoder) {
	e.text(1, p.Key)
	e.text(2, p.Value)
}

// encode writes an OperatorSetIdProto.
func (o Opset) encode(e *encoder) {
	e.optional(1, o.Domain)
	e.varint(2, o.Version)
}

// encode writes a GraphProto.
func (g *Graph) encode(e *encoder) {
	for i := range g.Nodes {
		e.message(1, g.Nodes[i].encode)
	}
	e.text(2, g.Name)
	for i := range g.Initializers {
		e.message(5, g.Initializers[i].encode)
	}
	for _, v := range g.Inputs {
		e.message(11, v.encode)
	}
	for _, v := range g.Outputs {
		e.message(12, v.encode)
	}
	for _, v := range g.Values {
		e.message(13, v.encode)
	}
}

// encode writes a NodeProto.
func (n *Node) encode(e *encoder) {
	e.texts(1, n.Inputs)
	e.texts(2, n.Outputs)
	e.text(3, n.Name)
	e.text(4, n.Op)
	for i := range n.Attributes {
		e.message(5, n.Attributes[i].encode)
	}
	e.optional(7, n.Domain)
}

// encode writes an AttributeProto.
func (a *Attribute) encode(e *encoder) {
	e.text(1, a.Name)
	switch a.Type {
	case AttributeFloat:
		e.float(2, a.Float)
	case AttributeInt:
		e.varint(3, a.Int)
	case AttributeString:
		e.text(4, a.String)
	case AttributeTensor:
		e.message(5, a.Tensor.encode)
	case AttributeFloats:
		for _, v := range a.Floats {
			e.float(7, v)
		}
	case AttributeInts:
		e.varints(8, a.Ints)
	}
	e.varint(20, int64(a.Type))
}

// encode writes a TensorProto.
func (t *Tensor) encode(e *encoder) {
	e.varints(1, t.Dims)
	e.varint(2, int64(t.DataType))
	e.text(8, t.Name)
	e.bytes(9, t.Raw)
}

// encode writes a ValueInfoProto with its TypeProto, TypeProto.Tensor and
// TensorShapeProto.
func (v ValueInfo) encode(e *encoder) {
	e.text(1, v.Name)
	e.message(2, func(e *encoder) {
		e.message(1, func(e *encoder) {
			e.varint(1, int64(v.DataType))
			e.message(2, func(e *encoder) {
				for _, d := range v.Dims {
					e.message(1, d.encode)
				}
			})
		})
	})
}

// encode writes a TensorShapeProto.Dimension.
func (d Dim) encode(e *encoder) {
	switch {
	case d.Param != "":
		e.text(2, d.Param)
	case d.Value != 0:
		e.varint(1, d.Value)
	}
}
