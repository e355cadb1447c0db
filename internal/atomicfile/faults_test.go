package atomicfile_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// A disk takes data in blocks of 512 bytes, each of which is a write that can
// fail. The files here have more than 200 of them.
const (
	block  = 512
	writes = 200
)

// disk is a temporary file on a disk that fails.
type disk struct {
	atomicfile.PendingFile
	left  int   // blocks until it fails
	taken int   // bytes that it takes of the block that fails
	err   error // nil for a short write without an error
}

func (d *disk) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		b := p[:min(block, len(p))]
		if d.left == 0 {
			k, err := d.PendingFile.Write(b[:min(d.taken, len(b)-1)])
			if err == nil {
				err = d.err
			}
			return n + k, err
		}
		d.left--
		k, err := d.PendingFile.Write(b)
		n += k
		if err != nil {
			return n, err
		}
		p = p[k:]
	}
	return n, nil
}

// CloseAtomicallyReplace fails as if the data could not be flushed.
func (d *disk) CloseAtomicallyReplace() error { return syscall.EIO }

// networks are two versions of weights, whose files have more than 200 blocks.
var networks = func() (d [2]statedict.Dict) {
	be := tensor.CPU()
	defer be.Close()
	for i := range d {
		d[i] = nn.NewTransformerNet(be, [3]int{8, 16, 32}, 1, uint64(i)).StateDict()
	}
	return d
}()

func picture(seed uint64) *imageio.Image {
	rng := rand.New(rand.NewPCG(seed, 0))
	m := imageio.New(300, 200)
	for i := range m.Pix {
		m.Pix[i] = uint8(rng.Uint32())
	}
	return m
}

// writers write one of two versions of a file of each kind that the module makes.
var writers = []struct {
	name  string
	write func(path string, version int) error
}{
	{"w.pth", func(path string, v int) error { return pth.WriteFile(path, networks[v]) }},
	{"w.safetensors", func(path string, v int) error { return safetensors.WriteFile(path, networks[v], nil) }},
	{"w.onnx", func(path string, v int) error { return onnxexport.WriteFile(path, networks[v], onnxexport.Options{}) }},
	{"p.png", func(path string, v int) error { return imageio.Save(path, picture(uint64(v)), imageio.SaveOptions{}) }},
	{"state-000000001.safetensors", func(path string, v int) error {
		d, err := checkpoint.Open(filepath.Dir(path), 2)
		if err != nil {
			return err
		}
		defer d.Close()
		return d.Save(&checkpoint.State{Progress: checkpoint.Progress{Step: 1, LearningRate: 1e-3}, Weights: networks[v]})
	}},
}

// TestDiskFaults lets the disk be full, write short and fail at each of the first
// 200 writes and at the last flush of every kind of file: the error is reported,
// the old file is whole and no temporary one is left. Each write fails in every
// way if IMPASTO_LONG is set, else in one, in turn.
func TestDiskFaults(t *testing.T) {
	faults := []struct {
		name  string
		taken int
		err   error
		want  error
	}{
		{"full", 0, syscall.ENOSPC, syscall.ENOSPC},
		{"full amid a block", block / 2, syscall.ENOSPC, syscall.ENOSPC},
		{"short write", block / 2, nil, io.ErrShortWrite},
		{"I/O error", block - 1, syscall.EIO, syscall.EIO},
	}
	for _, w := range writers {
		t.Run(w.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, w.name)
			require.NoError(t, w.write(path, 0))
			old, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Greater(t, len(old), writes*block)
			files := names(t, dir)
			unharmed := func(err, want error, where string) {
				require.ErrorIs(t, err, want, where)
				now, err := os.ReadFile(path)
				require.NoError(t, err)
				if string(now) != string(old) {
					t.Fatalf("%s: the old file has changed", where)
				}
				require.Equal(t, files, names(t, dir), where)
			}
			for k, f := range faults {
				for n := range writes {
					if !need.Long() && n%len(faults) != k {
						continue
					}
					atomicfile.Intercept(t, func(p atomicfile.PendingFile) atomicfile.PendingFile {
						return &disk{p, n, f.taken, f.err}
					})
					unharmed(w.write(path, 1), f.want, fmt.Sprintf("%s at write %d", f.name, n))
				}
			}
			atomicfile.Intercept(t, func(p atomicfile.PendingFile) atomicfile.PendingFile {
				return &disk{PendingFile: p, left: 1 << 30}
			})
			unharmed(w.write(path, 1), syscall.EIO, "at the flush")

			atomicfile.Intercept(t, func(p atomicfile.PendingFile) atomicfile.PendingFile { return p })
			require.NoError(t, w.write(path, 1))
			now, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NotEqual(t, old, now)
		})
	}
}
