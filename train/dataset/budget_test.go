package dataset

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/imageio"
)

// TestOneBudget has many workers load pictures of which the budget holds two at a
// time, and wants the batches of one worker, and everything given back.
func TestOneBudget(t *testing.T) {
	dir := t.TempDir()
	for i := range 24 {
		m := drawn(1)[0]
		m = imageio.Resize(m, 60+i, 50, imageio.Bilinear)
		require.NoError(t, imageio.Save(filepath.Join(dir, fmt.Sprintf("%02d.png", i)), m, imageio.SaveOptions{}))
	}
	epoch := func(workers int, memory int64) (batches []summary) {
		src, err := Open(dir, imageio.Options{MaxMemory: memory})
		require.NoError(t, err)
		l, err := NewLoader(src, Options{BatchSize: 5, ImageSize: 16, Epochs: 2, Workers: workers, Shuffle: true, Prefetch: 4})
		require.NoError(t, err)
		defer l.Close()
		for {
			b, err := l.Next(t.Context())
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			batches = append(batches, summarize(b))
		}
		// Whoever loads without a Loader need not give anything back.
		for range 3 {
			for i := range src.Len() {
				_, err := src.Load(i)
				require.NoError(t, err)
			}
		}
		return batches
	}
	require.Equal(t, epoch(1, 0), epoch(16, 100_000))
}

// counted is a source that holds, and counts what is not given back.
type counted struct {
	Images
	held, most atomic.Int32
}

func (c *counted) hold(i int) (*imageio.Image, func(), error) {
	n := c.held.Add(1)
	for m := c.most.Load(); n > m && !c.most.CompareAndSwap(m, n); m = c.most.Load() {
	}
	m, err := c.Load(i)
	if m == nil {
		err = os.ErrInvalid
	}
	return m, func() { c.held.Add(-1) }, err
}

// TestGivenBack wants every picture given back, the bad ones too.
func TestGivenBack(t *testing.T) {
	c := &counted{Images: drawn(9)}
	c.Images[2], c.Images[5] = nil, nil
	l, err := NewLoader(c, Options{BatchSize: 3, ImageSize: 8, Epochs: 2, Workers: 3})
	require.NoError(t, err)
	for err == nil {
		_, err = l.Next(t.Context())
	}
	require.Equal(t, io.EOF, err)
	require.NoError(t, l.Close())
	require.Zero(t, c.held.Load())
	require.LessOrEqual(t, c.most.Load(), int32(3))
	_, err = First(c, 0)
	require.NoError(t, err)
	require.Zero(t, c.held.Load())
}
