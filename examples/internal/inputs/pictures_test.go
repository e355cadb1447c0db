package inputs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn/imageio"
)

// plant saves the named pictures below a new folder; those called bad are cut.
func plant(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range names {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, imageio.Save(path, paint.Scene(uint64(i), 20+i, 16), imageio.SaveOptions{}))
		if filepath.Base(name) == "bad.png" {
			require.NoError(t, os.Truncate(path, 60))
		}
	}
	return dir
}

// TestFirstPictureBad wants the samples of the first picture that is good.
func TestFirstPictureBad(t *testing.T) {
	dir := plant(t, "a/bad.png", "b/1.png", "b/2.png")
	p, err := OpenPictures(Choice{Sets: []Set{{dir, 1}}, ContentScale: 1})
	require.NoError(t, err)
	defer p.Close()
	require.Equal(t, paint.Scene(1, 21, 16), p.Test)
	require.Empty(t, p.Note)
	require.Equal(t, 3, p.Data.Len(), "training reports it when it comes to it")

	_, err = OpenPictures(Choice{Sets: []Set{{dir, 1}}, ContentScale: 1, MaxBad: -1})
	require.ErrorContains(t, err, "-dataset: ")
	require.ErrorContains(t, err, "a/bad.png: ")
	_, err = OpenPictures(Choice{Sets: []Set{{plant(t, "a/bad.png", "b/bad.png"), 1}}, ContentScale: 1})
	require.ErrorContains(t, err, "bad.png: ")
}

// TestBesideClasses wants a line about pictures that are left out, and an end where
// they are the majority.
func TestBesideClasses(t *testing.T) {
	p, err := OpenPictures(Choice{Sets: []Set{{plant(t, "a/1.png", "b/2.png", "3.png"), 1}}, ContentScale: 1})
	require.NoError(t, err)
	defer p.Close()
	require.Contains(t, p.Note, "1 of 3 pictures are left out")
	_, err = OpenPictures(Choice{Sets: []Set{{plant(t, "1.png", "2.png", "rejected/3.png"), 1}}, ContentScale: 1})
	require.ErrorContains(t, err, "2 of 3 pictures are left out")
}

// TestMaxPictureMemory wants the flag to hold for all pictures.
func TestMaxPictureMemory(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.png")
	require.NoError(t, imageio.Save(large, imageio.New(600, 600), imageio.SaveOptions{})) // 7 bytes a pixel
	small := filepath.Join(plant(t, "a/1.png"), "a", "1.png")
	for _, c := range []Choice{{Style: large}, {Test: large}, {Sets: []Set{{dir, 1}}}} {
		c.ContentScale = 1
		for memory, says := range map[int]string{-1: "-max-picture-memory -1", 1 << 25: "-max-picture-memory 33554432", 1: "(-max-picture-memory)", 3: "", 0: ""} {
			c.MaxPictureMemory = memory
			p, err := OpenPictures(c)
			if says != "" {
				require.ErrorContains(t, err, says, "%+v", c)
				continue
			}
			require.NoError(t, err)
			require.NoError(t, p.Close())
		}
	}
	p, err := OpenPictures(Choice{Style: small, ContentScale: 1, MaxPictureMemory: 1})
	require.NoError(t, err)
	require.NoError(t, p.Close())
}
