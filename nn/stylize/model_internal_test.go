package stylize

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// turnstile is a backend that notices when two goroutines read at once, and gives them
// every opportunity.
type turnstile struct {
	backend.Backend
	inside   atomic.Int32
	overlaps atomic.Int32
	first    func() // called once amid a read
}

func (b *turnstile) Read(dst []float32, src backend.Buffer) {
	if b.inside.Add(1) > 1 {
		b.overlaps.Add(1)
	}
	b.first()
	time.Sleep(time.Millisecond)
	b.Backend.Read(dst, src)
	b.inside.Add(-1)
}

// TestModelIsReadByOneAtATime: backends are for one goroutine at a time, and the one
// that a model's weights are on is used by all of its sessions.
func TestModelIsReadByOneAtATime(t *testing.T) {
	cpu := tensor.CPU()
	defer cpu.Close()
	be := &turnstile{Backend: cpu, first: func() {}}
	m := &Model{net: nn.NewNetwork(be, arch.Tutorial([3]int{1, 1, 1}, 1), 1)}
	p := m.net.Params()[0].Tensor
	for what, read := range map[string]func(){
		"parameters": func() { m.read(p, make([]float32, p.Len())) },
		"a network on another backend": func() {
			other := tensor.CPU()
			defer other.Close()
			m.netOn(other).Free()
		},
	} {
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(read)
		}
		readers.Wait()
		require.Zero(t, be.overlaps.Load(), what)
	}
	// The turnstile does notice: the first one waits for another.
	be.first = sync.OnceFunc(func() {
		for be.inside.Load() < 2 {
			time.Sleep(time.Millisecond)
		}
	})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() { be.Read(make([]float32, p.Len()), p.Buffer()) })
	}
	readers.Wait()
	require.NotZero(t, be.overlaps.Load())
}
