package dataset_test

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
)

// TestFingerprint: another name, size, order or number of pictures makes another
// fingerprint; another place of the whole set does not.
func TestFingerprint(t *testing.T) {
	folder := func(files ...string) string { // names and contents in turn
		dir := t.TempDir()
		for i := 0; i < len(files); i += 2 {
			path := filepath.Join(dir, files[i])
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
			require.NoError(t, os.WriteFile(path, []byte(files[i+1]), 0o666))
		}
		return dir
	}
	archive := func(files ...string) string {
		path := filepath.Join(t.TempDir(), "x.zip")
		f, err := os.Create(path)
		require.NoError(t, err)
		z := zip.NewWriter(f)
		for i := 0; i < len(files); i += 2 {
			w, err := z.Create(files[i])
			require.NoError(t, err)
			_, err = w.Write([]byte(files[i+1]))
			require.NoError(t, err)
		}
		require.NoError(t, z.Close())
		require.NoError(t, f.Close())
		return path
	}
	of := func(path string) string {
		files, err := dataset.Open(path, imageio.Options{})
		require.NoError(t, err)
		defer files.Close()
		return dataset.Fingerprint(files)
	}
	base := of(folder("a/1.png", "xx", "a/2.png", "yyy"))
	require.Len(t, base, 32)
	require.Equal(t, base, of(folder("a/1.png", "zz", "a/2.png", "yyy")), "names and sizes, elsewhere")
	require.Equal(t, base, of(archive("a/1.png", "xx", "a/2.png", "yyy")), "the same set in an archive")
	for _, other := range []string{
		folder("a/1.png", "xxx", "a/2.png", "yyy"),
		folder("a/1.png", "xx", "a/3.png", "yyy"),
		folder("b/1.png", "xx", "b/2.png", "yyy"),
		folder("a/1.png", "xx"),
		folder("a/1.png", "xx", "a/2.png", "yyy", "a/3.png", ""),
		archive("a/1.png", "xx", "a/2.png", "yy"),
	} {
		require.NotEqual(t, base, of(other))
	}
	m, n := imageio.New(2, 3), imageio.New(3, 2)
	require.NotEqual(t, dataset.Fingerprint(dataset.Images{m}), dataset.Fingerprint(dataset.Images{n}))
	require.NotEqual(t, dataset.Fingerprint(dataset.Images{m, n}), dataset.Fingerprint(dataset.Images{n, m}))
	changed := imageio.New(2, 3)
	changed.Pix[7] = 1
	require.NotEqual(t, dataset.Fingerprint(dataset.Images{m}), dataset.Fingerprint(dataset.Images{changed}))
	require.Equal(t, dataset.Fingerprint(dataset.Images{m}), dataset.Fingerprint(dataset.Images{imageio.New(2, 3)}))
	require.NotEqual(t, dataset.Fingerprint(dataset.Images{m, nil}), dataset.Fingerprint(dataset.Images{nil, m}), "bad ones have a place too")
}
