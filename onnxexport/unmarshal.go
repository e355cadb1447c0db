package onnxexport

import (
	"errors"
	"math"
	"math/bits"
)

// Unmarshal reads the bytes of an ONNX file. It skips what it does not know,
// and checks every length before it trusts it: damaged or malicious bytes give
// an error that wraps [ErrCorrupt] and says at which byte, and never take more
// memory than a few times the file's size. If the file carries the checksum of
// its weights that [Write] puts there, the weights must match it.
//
// The model's weights alias data.
func Unmarshal(data []byte) (*Model, error) {
	items := maxItems
	var m Model
	if err := m.decode(decoder{data, 0, &items}); err != nil {
		return nil, err
	}
	if sum := m.Property(keyChecksum); sum != "" && sum != m.Graph.checksum() {
		return nil, &CorruptError{0, "the weights do not match their checksum: the file is damaged, or another program changed them"}
	}
	return &m, nil
}

func (m *Model) decode(d decoder) error {
	graphs := 0
	err := d.each(func(f field) error {
		switch f.number {
		case 1:
			return f.integer(&m.IRVersion)
		case 2:
			return f.text(&m.Producer)
		case 3:
			return f.text(&m.ProducerVersion)
		case 7:
			if graphs++; graphs > 1 {
				return f.corrupt("a second graph")
			}
			d, err := f.message()
			if err != nil {
				return err
			}
			return m.Graph.decode(d)
		case 8:
			return appendMessage(f, &m.Opsets, (*Opset).decode)
		case 14:
			return appendMessage(f, &m.Metadata, (*Property).decode)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if graphs == 0 {
		return &CorruptError{len(d.buf), "no graph"}
	}
	if len(m.Opsets) == 0 {
		return &CorruptError{len(d.buf), "no operator set: the end of the file is missing"}
	}
	return nil
}

func (o *Opset) decode(d decoder) error {
	return d.each(func(f field) error {
		switch f.number {
		case 1:
			return f.text(&o.Domain)
		case 2:
			return f.integer(&o.Version)
		}
		return nil
	})
}

func (p *Property) decode(d decoder) error {
	return d.each(func(f field) error {
		switch f.number {
		case 1:
			return f.text(&p.Key)
		case 2:
			return f.text(&p.Value)
		}
		return nil
	})
}

func (g *Graph) decode(d decoder) error {
	return d.each(func(f field) error {
		switch f.number {
		case 1:
			return appendMessage(f, &g.Nodes, (*Node).decode)
		case 2:
			return f.text(&g.Name)
		case 5:
			return appendMessage(f, &g.Initializers, (*Tensor).decode)
		case 11:
			return appendMessage(f, &g.Inputs, (*ValueInfo).decode)
		case 12:
			return appendMessage(f, &g.Outputs, (*ValueInfo).decode)
		}
		return nil
	})
}

func (n *Node) decode(d decoder) error {
	return d.each(func(f field) error {
		switch f.number {
		case 1:
			return f.appendText(&n.Inputs)
		case 2:
			return f.appendText(&n.Outputs)
		case 3:
			return f.text(&n.Name)
		case 4:
			return f.text(&n.Op)
		case 5:
			return appendMessage(f, &n.Attributes, (*Attribute).decode)
		case 7:
			return f.text(&n.Domain)
		}
		return nil
	})
}

func (a *Attribute) decode(d decoder) error {
	return d.each(func(f field) error {
		switch f.number {
		case 1:
			return f.text(&a.Name)
		case 2:
			return f.float(&a.Float)
		case 3:
			return f.integer(&a.Int)
		case 4:
			return f.text(&a.String)
		case 8:
			return f.appendIntegers(&a.Ints)
		case 20:
			return f.integer((*int64)(&a.Type))
		}
		return nil
	})
}

func (t *Tensor) decode(d decoder) error {
	var location int64
	var ints []int64
	err := d.each(func(f field) error {
		switch f.number {
		case 1:
			return f.appendIntegers(&t.Dims)
		case 2:
			return f.integer((*int64)(&t.DataType))
		case 4: // float_data: packed floats are the raw bytes themselves
			if f.wire == wireFixed32 {
				v := uint32(f.num)
				t.Raw = append(t.Raw, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
				return nil
			}
			t.Raw = append(t.Raw, f.bytes...)
			return f.expect(wireBytes)
		case 7: // int64_data
			return f.appendIntegers(&ints)
		case 8:
			return f.text(&t.Name)
		case 9:
			t.Raw = f.bytes
			return f.expect(wireBytes)
		case 14:
			return f.integer(&location)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if location != 0 {
		return errors.New("onnxexport: " + t.Name + " is stored in an external data file, which is not supported: save the model as one file")
	}
	if ints != nil {
		t.Raw = int64Tensor(t.Name, ints).Raw
	}
	size := map[DataType]uint64{Float32: 4, Int64: 8}[t.DataType]
	if size == 0 {
		return nil
	}
	for _, n := range t.Dims {
		hi, lo := bits.Mul64(size, uint64(n))
		if n < 0 || hi != 0 || lo > math.MaxInt64 {
			return &CorruptError{d.start, "impossible dimensions of " + t.Name}
		}
		size = lo
	}
	if size != uint64(len(t.Raw)) {
		return &CorruptError{d.start, "data and dimensions of " + t.Name + " disagree"}
	}
	return nil
}

func (v *ValueInfo) decode(d decoder) error {
	nested := func(f field, number int, handle func(field) error) error {
		if f.number != number {
			return nil
		}
		d, err := f.message()
		if err != nil {
			return err
		}
		return d.each(handle)
	}
	return d.each(func(f field) error {
		if f.number == 1 {
			return f.text(&v.Name)
		}
		return nested(f, 2, func(f field) error { // TypeProto
			return nested(f, 1, func(f field) error { // TypeProto.Tensor
				if f.number == 1 {
					return f.integer((*int64)(&v.DataType))
				}
				return nested(f, 2, func(f field) error { // TensorShapeProto
					if f.number != 1 {
						return nil
					}
					return appendMessage(f, &v.Dims, (*Dim).decode)
				})
			})
		})
	})
}

func (n *Dim) decode(d decoder) error {
	return d.each(func(f field) error {
		switch f.number {
		case 1:
			return f.integer(&n.Value)
		case 2:
			return f.text(&n.Param)
		}
		return nil
	})
}
