package stylize

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestMemoryEstimate compares the estimate with what a session holds after use.
func TestMemoryEstimate(t *testing.T) {
	for _, a := range []*arch.Network{
		arch.Tutorial([3]int{8, 16, 32}, 2), arch.Tutorial([3]int{32, 64, 128}, 2), arch.Tutorial([3]int{4, 6, 8}, 2),
		arch.PyTorchExamples([3]int{32, 64, 128}, 2), arch.AntiAliased([3]int{8, 16, 32}, 2, true),
	} {
		model, err := New(nn.NewNetwork(reference.New(), a, 5).StateDict())
		require.NoError(t, err)
		src, err := pictureOf(checker(640, 480))
		require.NoError(t, err)
		session := model.NewSession(Threads(2))
		before := heap()
		area := rect{w: 640, h: 480}
		require.NoError(t, session.runWhole(&src, area))
		used := heap() - before
		estimate := session.bytes(area)
		t.Logf("%v: %d MiB used, %d MiB estimated", a, used>>20, estimate>>20)
		require.LessOrEqual(t, used, estimate)
		require.Greater(t, used, estimate/2)
		require.NoError(t, session.Close())
	}
}

// heap returns the bytes that are in use. What was pooled or has a cleanup takes the
// collector several rounds.
func heap() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestManySizes wants a session's memory to stay in its budget over pictures of
// many sizes.
func TestManySizes(t *testing.T) {
	model, err := New(nn.NewTransformerNet(reference.New(), [3]int{8, 16, 32}, 1, 5).StateDict())
	require.NoError(t, err)
	session := model.NewSession(Threads(2), Memory(20<<20))
	defer session.Close()
	before := heap()
	for i := range 12 {
		m := checker(200+8*i, 160)
		_, err := session.Image(m)
		require.NoError(t, err)
		require.LessOrEqual(t, heap()-before, int64(21<<20))
	}
	require.Less(t, len(session.used), 5)
}
