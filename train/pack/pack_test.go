package pack

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
)

// pictures writes a folder of n noise pictures of several sizes, of which every sixth
// is cut off.
func pictures(t testing.TB, n int) *dataset.Files {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		m := imageio.New(16+i%7, 16+i%5)
		for k := range m.Pix {
			m.Pix[k] = uint8(rng.UintN(256))
		}
		path := filepath.Join(dir, fmt.Sprintf("%02d.png", i))
		require.NoError(t, imageio.Save(path, m, imageio.SaveOptions{}))
		if i%6 == 5 {
			require.NoError(t, os.Truncate(path, 200))
		}
	}
	files, err := dataset.Open(dir, imageio.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { files.Close() })
	return files
}

func packed(t testing.TB, src dataset.Source, size int) string {
	path := filepath.Join(t.TempDir(), "pictures.pack")
	require.NoError(t, Write(context.Background(), path, src, Options{Size: size, Workers: 3}))
	return path
}

// batches returns all that a Loader makes of a dataset, bad pictures included.
func batches(t *testing.T, src dataset.Source, opts dataset.Options) (all []string) {
	opts.OnBad = func(b dataset.BadFile) { all = append(all, fmt.Sprint("bad ", b.Index, b.Name, b.Err)) }
	l, err := dataset.NewLoader(src, opts)
	require.NoError(t, err)
	defer l.Close()
	for {
		b, err := l.Next(context.Background())
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		all = append(all, fmt.Sprint(b.Epoch, b.Index, b.Indices, b.Names, b.Data))
	}
}

// TestSameBatches compares with the dataset itself, in order and shuffled, alone and
// as one of several ranks, with all that is reported of bad pictures.
func TestSameBatches(t *testing.T) {
	files := pictures(t, 22)
	p, err := Open(packed(t, files, 12))
	require.NoError(t, err)
	defer p.Close()
	require.Equal(t, 22, p.Len())
	require.Equal(t, 3, p.Bad())
	require.NoError(t, p.Verify())
	require.True(t, Is(p.path))
	require.Equal(t, dataset.Fingerprint(files), dataset.Fingerprint(p), "a run may go on with either")
	for _, opts := range []dataset.Options{
		{BatchSize: 4, Epochs: 2}, {BatchSize: 5, Epochs: 3, Shuffle: true, Seed: 7, Workers: 4},
		{BatchSize: 4, Epochs: 1, StartBatch: 3}, {BatchSize: 8, Epochs: 1, Rank: 2, Ranks: 3},
	} {
		opts.ImageSize = 12
		want := batches(t, files, opts)
		require.NotEmpty(t, want)
		require.Equal(t, want, batches(t, p, opts))
	}
	_, err = dataset.NewLoader(p, dataset.Options{ImageSize: 16})
	require.ErrorContains(t, err, "pictures of 12 pixels, not 16")
}

// TestDamage flips and cuts: what Open accepts, Load refuses, or it is the picture.
func TestDamage(t *testing.T) {
	files := pictures(t, 5)
	path := packed(t, files, 9)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	p, err := Open(path)
	require.NoError(t, err)
	defer p.Close()
	var want []*imageio.Image
	for i := range 5 {
		m, err := p.Load(i)
		require.NoError(t, err)
		want = append(want, m)
	}
	file := filepath.Join(t.TempDir(), "damaged.pack")
	check := func(damaged []byte) {
		require.NoError(t, os.WriteFile(file, damaged, 0o600))
		p, err := Open(file)
		if err != nil {
			require.Contains(t, err.Error(), "damaged.pack")
			return
		}
		defer p.Close()
		bad := 0
		for i := range p.Len() {
			m, err := p.Load(i)
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				bad++
				continue
			}
			require.Equal(t, want[i], m)
		}
		require.Positive(t, bad, "a changed byte is noticed")
		require.ErrorIs(t, p.Verify(), ErrCorrupt)
	}
	damagetest.Flips(whole, 0, len(whole), func(at int, damaged []byte) {
		if at%3 == 0 {
			check(damaged)
		}
	})
	for n := 0; n < len(whole); n += 7 {
		check(whole[:n])
	}
	check(append(bytes.Clone(whole), 0))
}

// TestCutOffWhileOpen cuts a file off that is mapped to memory: an error, and no end of
// the program.
func TestCutOffWhileOpen(t *testing.T) {
	path := packed(t, pictures(t, 5), 64)
	p, err := Open(path)
	require.NoError(t, err)
	defer p.Close()
	require.NoError(t, os.Truncate(path, 100))
	_, err = p.Load(4)
	require.Error(t, err)
	require.ErrorContains(t, err, "picture 4")
}

// TestReader reads without a mapping.
func TestReader(t *testing.T) {
	path := packed(t, pictures(t, 4), 8)
	p, err := Open(path)
	require.NoError(t, err)
	want, err := p.Load(2)
	require.NoError(t, err)
	require.NoError(t, p.Close())
	f, err := os.Open(path)
	require.NoError(t, err)
	p.data = reader{f}
	got, err := p.Load(2)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoError(t, p.Close())
	require.ErrorIs(t, p.Close(), os.ErrClosed)
}

// TestClose closes the file that was opened.
func TestClose(t *testing.T) {
	p, err := Open(packed(t, pictures(t, 4), 8))
	require.NoError(t, err)
	require.NoError(t, p.Close())
	require.ErrorIs(t, p.Close(), os.ErrClosed)
}

// TestVerify names all pictures that are damaged, and not those that were bad before.
func TestVerify(t *testing.T) {
	path := packed(t, pictures(t, 7), 8)
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, i := range []int{1, 4, 5} { // 5 could not be read
		file[len(mark)+i*3*8*8+7]++
	}
	require.NoError(t, os.WriteFile(path, file, 0o600))
	p, err := Open(path)
	require.NoError(t, err)
	defer p.Close()
	err = p.Verify()
	require.ErrorContains(t, err, "picture 1:")
	require.ErrorContains(t, err, "picture 4:")
	require.NotContains(t, err.Error(), "picture 5:")
}

// TestLyingIndex refuses files whose checksum is right and whose index is not.
func TestLyingIndex(t *testing.T) {
	file := func(index string, pictures int, length int) []byte {
		b := append([]byte(mark), make([]byte, pictures)...)
		sums := make([]byte, 4*bytes.Count([]byte(index), []byte(`"a"`)))
		b = append(append(b, sums...), index...)
		sum := crc32.Update(crc32.Checksum(sums, castagnoli), castagnoli, []byte(index))
		b = binary.LittleEndian.AppendUint32(b, sum)
		return append(binary.LittleEndian.AppendUint64(b, uint64(length)), mark...)
	}
	read := func(b []byte) error {
		_, _, err := readIndex(bytes.NewReader(b), int64(len(b)))
		return err
	}
	const sound = `{"size":1,"names":["a"]}`
	require.NoError(t, read(file(sound, 3, len(sound))))
	for what, b := range map[string][]byte{
		"a byte too many":     file(sound, 4, len(sound)),
		"a byte too few":      file(sound, 2, len(sound)),
		"no pictures":         file(`{"size":1}`, 0, len(`{"size":1}`)),
		"pictures of nothing": file(`{"size":0,"names":["a"]}`, 0, len(`{"size":0,"names":["a"]}`)),
		"of less":             file(`{"size":-1,"names":["a"]}`, 3, len(`{"size":-1,"names":["a"]}`)),
		"an index of all":     file(sound, 3, len(file(sound, 3, 0))-footerSize+1),
		"a mark alone":        []byte(mark),
		"two":                 []byte(mark + mark),
	} {
		require.ErrorIs(t, read(b), ErrCorrupt, what)
	}
	const large = `{"size":16385,"names":["a"]}`
	b := file(large, 0, len(large)) // whose pictures, 800 MB, nobody reads
	_, _, err := readIndex(holes{b[:len(mark)], b[len(mark):], 3 * 16385 * 16385}, int64(len(b)+3*16385*16385))
	require.ErrorIs(t, err, ErrCorrupt)
}

// holes is a file with a hole between its beginning and its end.
type holes struct {
	first, last []byte
	hole        int64
}

func (h holes) ReadAt(p []byte, off int64) (int, error) {
	if off == 0 {
		return copy(p, h.first), nil
	}
	return copy(p, h.last[off-h.hole-int64(len(h.first)):]), nil
}

// TestGuarded: only what comes of reading the file is an error.
func TestGuarded(t *testing.T) {
	require.NoError(t, guarded([]byte("x"), func(b []byte) { require.Equal(t, "x", string(b)) }))
	require.PanicsWithValue(t, "a fault of ours", func() { _ = guarded(nil, func([]byte) { panic("a fault of ours") }) })
}

// TestEmptyPictures are bad, as for a dataset.Loader.
func TestEmptyPictures(t *testing.T) {
	src := dataset.Images{imageio.New(1, 1), nil, {}, {W: 2, H: 2, Pix: make([]uint8, 11)}, {H: 5}, {W: 5}}
	p, err := Open(packed(t, src, 2))
	require.NoError(t, err)
	defer p.Close()
	require.Equal(t, 5, p.Bad())
	_, err = p.Load(3)
	require.EqualError(t, err, "empty picture")
}

// TestOnPicture tells of every picture in order, and why those that are bad are.
func TestOnPicture(t *testing.T) {
	files := pictures(t, 14)
	next := 0
	err := Write(context.Background(), filepath.Join(t.TempDir(), "x.pack"), files, Options{Size: 4, Workers: 1, OnPicture: func(i int, bad error) {
		require.Equal(t, next, i)
		require.Equal(t, i%6 == 5, bad != nil, i)
		next++
	}})
	require.NoError(t, err)
	require.Equal(t, 14, next)
}

// torn is a dataset without a good picture.
type torn struct{ dataset.Images }

func (torn) Load(int) (*imageio.Image, error) { return nil, errors.New("is torn") }

func TestWriteErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pack")
	ctx := context.Background()
	require.ErrorContains(t, Write(ctx, path, torn{dataset.Images{imageio.New(1, 1)}}, Options{Size: 8}), "none of the 1 pictures can be read; the first: is torn")
	require.ErrorContains(t, Write(ctx, path, dataset.Images{}, Options{Size: 8}), "no pictures")
	require.ErrorContains(t, Write(ctx, path, dataset.Images{imageio.New(1, 1)}, Options{}), "a size of 0 pixels")
	require.ErrorContains(t, Write(ctx, path, dataset.Images{imageio.New(1, 1)}, Options{Size: 1<<14 + 1}), "a size of 16385 pixels")
	stopped, stop := context.WithCancel(ctx)
	stop()
	require.ErrorIs(t, Write(stopped, path, dataset.Images{imageio.New(1, 1)}, Options{Size: 8}), context.Canceled)
	require.NoFileExists(t, path)
	require.False(t, Is(path))
	require.NoError(t, os.WriteFile(path, []byte("a photograph, which is no pack at all"), 0o600))
	require.False(t, Is(path))
	_, err := Open(path)
	require.ErrorContains(t, err, "it is no pack")
}

// FuzzIndex reads arbitrary files.
func FuzzIndex(f *testing.F) {
	whole, err := os.ReadFile(packed(f, dataset.Images{imageio.New(3, 3), imageio.New(4, 4)}, 2))
	require.NoError(f, err)
	f.Add(whole)
	f.Fuzz(func(t *testing.T, file []byte) {
		damagetest.Bounded(t, len(file), func() {
			x, sums, err := readIndex(bytes.NewReader(file), int64(len(file)))
			if err == nil {
				require.Len(t, sums, 4*len(x.Names))
			}
		})
	})
}

// TestCollect makes, of the same pictures one by one, the same file, and none after an
// error or of nothing.
func TestCollect(t *testing.T) {
	files := pictures(t, 5)
	want, err := os.ReadFile(packed(t, files, 12))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "x.pack")
	until := func(n int, last error) func() (string, *imageio.Image, error) {
		i := -1
		return func() (string, *imageio.Image, error) {
			if i++; i == n {
				return "", nil, last
			}
			m, err := files.Load(i)
			return files.Name(i), m, err
		}
	}
	require.NoError(t, Collect(path, 12, dataset.Fingerprint(files), until(5, io.EOF)))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.ErrorIs(t, Collect(path, 12, "", until(3, context.Canceled)), context.Canceled)
	require.Error(t, Collect(path, 12, "", until(0, io.EOF)))
	require.Error(t, Collect(path, 0, "", until(5, io.EOF)))
	require.Error(t, Collect(path, 1<<14+1, "", until(5, io.EOF)))
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, after)
}
