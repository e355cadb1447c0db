package weights

import (
	"bytes"
	"io"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
)

// isONNX reports whether head begins like an ONNX model: field 1, the version, is a
// small number, and one of the other fields of a model follows.
func isONNX(head []byte) bool {
	return len(head) > 2 && head[0] == 0x08 && head[1] < 0x20 && bytes.IndexByte([]byte("\x12\x1a\x22\x28\x32\x3a\x42"), head[2]) >= 0
}

// readONNX reads the weights of a style transfer network from its graph.
func readONNX(r io.ReaderAt, size int64, opts []Option) (statedict.Dict, error) {
	o := tensorio.NewReadOptions(opts)
	if err := tensorio.NewBudget(o.MaxBytes, size).Take(size, "the file"); err != nil {
		return nil, err
	}
	m, err := onnx.Read(r, size)
	if err != nil {
		return nil, err
	}
	n, err := m.Network()
	if err != nil {
		return nil, err
	}
	for _, note := range n.Notes {
		o.Tell("%s", note)
	}
	var d statedict.Dict
	for _, e := range n.Weights {
		if o.Wants(e.Name) {
			d = append(d, e)
		}
	}
	return d, nil
}
