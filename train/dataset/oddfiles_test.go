package dataset

import (
	"archive/zip"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/imageio"
)

// TestOddFiles makes datasets, a folder and an archive, of the pictures that package
// imageio is tested with: a PNG called .jpg, gray and CMYK JPEGs, 16 bits, palettes,
// truncated files, bombs and more. Exactly those that Pillow refuses are bad, but for
// the differences that are documented there.
func TestOddFiles(t *testing.T) {
	const testdata = "../../nn/imageio/testdata"
	text, err := os.ReadFile(filepath.Join(testdata, "want.json"))
	require.NoError(t, err)
	var decisions map[string]string
	require.NoError(t, json.Unmarshal(text, &decisions))
	text, err = os.ReadFile(filepath.Join(testdata, "differences.json"))
	require.NoError(t, err)
	var differences map[string]struct{ Decision string }
	require.NoError(t, json.Unmarshal(text, &differences))
	for name, d := range differences {
		decisions[name] = d.Decision
	}
	maps.DeleteFunc(decisions, func(name, _ string) bool { return !isPicture(name) })
	for _, name := range []string{"png_named.jpg", "gray.jpg", "cmyk.jpg"} {
		require.Equal(t, "ok", decisions[name])
	}
	require.NotEqual(t, "ok", decisions["truncated.jpg"])

	folder := t.TempDir()
	packed := filepath.Join(t.TempDir(), "odd.zip")
	f, err := os.Create(packed)
	require.NoError(t, err)
	defer f.Close()
	w := zip.NewWriter(f)
	var refused []string
	names := slices.Sorted(maps.Keys(decisions))
	for _, name := range names {
		file, err := os.ReadFile(filepath.Join(testdata, "pictures", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), file, 0o666))
		e, err := w.Create(name)
		require.NoError(t, err)
		_, err = e.Write(file)
		require.NoError(t, err)
		if decisions[name] != "ok" {
			refused = append(refused, name)
		}
	}
	require.NoError(t, w.Close())

	epoch := func(path string) (batches []summary) {
		src, err := Open(path, imageio.Options{})
		require.NoError(t, err)
		defer src.Close()
		require.Equal(t, len(names), src.Len())
		var bad []string
		l, err := NewLoader(src, Options{
			BatchSize: 4, ImageSize: 8, Epochs: 1, MaxBad: len(refused),
			OnBad: func(b BadFile) { bad = append(bad, filepath.Base(b.Name)) },
		})
		require.NoError(t, err)
		defer l.Close()
		for {
			b, err := l.Next(t.Context())
			if err == io.EOF {
				require.Equal(t, refused, bad)
				return batches
			}
			require.NoError(t, err)
			s := summarize(b)
			s.names = "" // the archive's are others
			batches = append(batches, s)
		}
	}
	first := epoch(folder)
	require.Len(t, first, Batches(len(names), 4))
	require.Equal(t, first, epoch(folder), "the same batches again")
	require.Equal(t, first, epoch(packed), "and from an archive")
}
