package onnx

import (
	"errors"
	"math"
	"math/bits"

	"github.com/impasto-go/impasto/internal/printable"
)

// Unmarshal reads the bytes of an ONNX file. It skips what it does not know,
// and checks every length before it trusts it: damaged or malicious bytes give
// an error that wraps [ErrCorrupt] and says at which byte, and never take more
// memory than a few times the file's size. What cannot be read without knowing
// more than the format, such as weights in another file, is refused.
//
// The model's weights alias data.
func Unmarshal(data []byte) (*Model, error) {
	items := maxItems
	var m Model
	if err := m.decode(decoder{data, 0, &items}); err != nil {
		return nil, err
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
		case 6:
			return f.text(&m.Doc)
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
		case 25:
			return errors.New("onnx: the file defines functions of its own, which is not supported: export it without them, in opset 15 or below")
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
		case 13:
			return appendMessage(f, &g.Values, (*ValueInfo).decode)
		case 15:
			return errors.New("onnx: the file has sparse weights, which is not supported: save them dense")
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
		case 5:
			if a.Tensor != nil {
				return f.corrupt("a second tensor in an attribute")
			}
			d, err := f.message()
			if err != nil {
				return err
			}
			a.Tensor = &Tensor{}
			return a.Tensor.decode(d)
		case 7:
			return f.appendFloats(&a.Floats)
		case 8:
			return f.appendIntegers(&a.Ints)
		case 20:
			return f.integer((*int64)(&a.Type))
		}
		return nil
	})
}

// decode reads a TensorProto, whose elements stand in raw_data or in a field for
// their type. Those fields hold fixed-size numbers in the very bytes that
// raw_data would, or variable-length integers.
func (t *Tensor) decode(d decoder) error {
	var location int64
	var ints []int64
	err := d.each(func(f field) error {
		switch f.number {
		case 1:
			return f.appendIntegers(&t.Dims)
		case 2:
			return f.integer((*int64)(&t.DataType))
		case 4, 10: // float_data, double_data
			t.Raw = f.appendFixed(t.Raw)
			return nil
		case 5, 7: // int32_data (of half, int8, ... too), int64_data
			if t.DataType == Float16 {
				return f.appendHalves(&t.Raw)
			}
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
		return errors.New("onnx: " + printable.Name(t.Name) + " is stored in an external data file, which is not supported: save the model as one file")
	}
	width := widths[t.DataType]
	if width == 0 {
		return nil
	}
	if ints != nil {
		t.Raw = make([]byte, 0, width*len(ints))
		for _, v := range ints {
			for i := range width {
				t.Raw = append(t.Raw, byte(v>>(8*i)))
			}
		}
	}
	size := uint64(width)
	for _, n := range t.Dims {
		hi, lo := bits.Mul64(size, uint64(n))
		if n < 0 || hi != 0 || lo > math.MaxInt64 {
			return &CorruptError{d.start, "impossible dimensions of " + printable.Name(t.Name)}
		}
		size = lo
	}
	if size != uint64(len(t.Raw)) {
		return &CorruptError{d.start, "data and dimensions of " + printable.Name(t.Name) + " disagree"}
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
