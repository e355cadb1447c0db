package stylize

import (
	"fmt"
	"io"
	"sync"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Model is a trained network. It never changes, and any number of goroutines may
// make sessions of it.
type Model struct {
	mu  sync.Mutex // guards the backend that net's weights were made on
	net *nn.Network
}

// Load reads the weights in a .pth, .safetensors or .onnx file. The error names the file
// and what is wrong with it; if tensors are missing, unexpected or misshapen it
// wraps a *statedict.Mismatch.
func Load(path string) (*Model, error) {
	d, err := weights.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("stylize: %w", err)
	}
	m, err := New(d)
	if err != nil {
		return nil, fmt.Errorf("stylize: %s: %w", path, err)
	}
	return m, nil
}

// Read is Load of what r yields, such as the content of an embedded file.
func Read(r io.Reader) (*Model, error) {
	d, err := weights.Read(r)
	if err != nil {
		return nil, fmt.Errorf("stylize: %w", err)
	}
	m, err := New(d)
	if err != nil {
		return nil, fmt.Errorf("stylize: %w", err)
	}
	return m, nil
}

// New returns the model with a copy of the weights d, which tell what network it is.
// The errors are those of nn.NewNetworkFrom.
func New(d statedict.Dict) (*Model, error) {
	a, err := arch.Recognize(d)
	if err != nil {
		return nil, err
	}
	return NewWith(a, d)
}

// NewWith returns the model of the network a with a copy of the weights d. The errors
// are those of nn.NewNetworkWith.
func NewWith(a *arch.Network, d statedict.Dict) (*Model, error) {
	net, err := nn.NewNetworkWith(tensor.CPU(tensor.Threads(1)), a, d)
	if err != nil {
		return nil, err
	}
	net.Freeze()
	return &Model{net: net}, nil
}

// Arch returns the description of the network, which must not be changed.
func (m *Model) Arch() *arch.Network { return m.net.Arch() }

// netOn returns a network with the model's weights for use on be.
func (m *Model) netOn(be backend.Backend) *nn.Network {
	m.mu.Lock()
	d := m.net.StateDict()
	m.mu.Unlock()
	net, err := nn.NewNetworkWith(be, m.net.Arch(), d)
	if err != nil {
		panic(fmt.Sprintf("BUG: stylize: a network's own weights do not fit it: %v", err))
	}
	net.Freeze()
	return net
}

// read copies a parameter, which may be shared with other sessions, into dst.
func (m *Model) read(p *tensor.Tensor, dst []float32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.Read(dst)
}
