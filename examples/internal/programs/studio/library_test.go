package studio

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
)

// TestLibrary knows what is in the folder and nothing else.
func TestLibrary(t *testing.T) {
	outside := t.TempDir()
	savePNG(t, filepath.Join(outside, "secret.png"), paint.Style(1, 32))
	dir := t.TempDir()
	for _, name := range []string{"photos/a.png", "photos/b.png", "photos/.hidden.png", "__MACOSX/c.png", "alone/a.png"} {
		savePNG(t, filepath.Join(dir, name), paint.Style(1, 32))
	}
	for _, name := range []string{"m.pth", "vgg19.pth", "state-12.safetensors", "film.mp4", "notes.txt", "a/b/c/d/e/f/g/deep.pth"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o666))
	}
	writeRun(t, filepath.Join(dir, "runs", "one"), 8, 0.1, "finished")
	if runtime.GOOS != "windows" {
		require.NoError(t, os.Symlink(filepath.Join(outside, "secret.png"), filepath.Join(dir, "link.png")))
		require.NoError(t, os.Symlink(outside, filepath.Join(dir, "linked")))
	}
	l, err := openLibrary(dir)
	require.NoError(t, err)
	defer l.close()
	kinds := map[string]kind{}
	for _, it := range l.list() {
		kinds[it.Path] = it.Kind
	}
	for path, want := range map[string]kind{
		"photos/a.png": kindPicture, "photos": kindDataset, "m.pth": kindModel, "vgg19.pth": kindVGG, "film.mp4": kindClip,
		"runs/one": kindRun, "runs/one/style.png": kindPicture,
	} {
		require.Equal(t, want, kinds[path], path)
	}
	for _, path := range []string{"alone", "photos/.hidden.png", "__MACOSX/c.png", "state-12.safetensors", "notes.txt", "link.png", "linked", "linked/secret.png", "a/b/c/d/e/f/g/deep.pth", "runs/one/run.json"} {
		require.NotContains(t, kinds, path)
	}
	for _, path := range []string{
		"", ".", "..", "../secret.png", "/etc/passwd", filepath.Join(outside, "secret.png"), "link.png", "linked/secret.png", "photos/../m.pth",
		"photos", "notes.txt", `photos\a.png`, `C:\secret.png`, "NUL", "COM1.png", "photos/a.png:stream", "photos/a.png\x00", "m.pth",
	} {
		_, err := l.find(path, kindPicture)
		require.Error(t, err, path)
	}
	for _, path := range []string{"..", "../secret.png", "/etc/passwd", "link.png", "linked/secret.png", "photos/../m.pth", "photos", "NUL", "\x00"} {
		_, err := l.open(path)
		require.Error(t, err, path)
	}
	_, err = l.find("photos/a.png", kindPicture)
	require.NoError(t, err)
	require.Empty(t, l.inside(filepath.Join(outside, "secret.png")))
	require.Equal(t, "photos/a.png", l.inside(filepath.Join(l.dir, "photos", "a.png")))

	b, err := l.read("m.pth", 1)
	require.NoError(t, err)
	require.Equal(t, "x", string(b))
	_, err = l.read("m.pth", 0)
	require.ErrorContains(t, err, "more than 0 bytes")
	require.Equal(t, kindSheet, kindOf("sweep.csv"))

	// What comes later is found, however soon after a look.
	for _, name := range []string{"new.png", "newer.png"} {
		savePNG(t, filepath.Join(dir, name), paint.Style(1, 32))
		_, err = l.find(name, kindPicture)
		require.NoError(t, err)
	}
	// Who asks for what is not there does not have it looked for all the time.
	before := l.scanned
	_, err = l.find("none.png", kindPicture)
	require.Error(t, err)
	require.GreaterOrEqual(t, l.scanned.Sub(before), scanAgain)
	savePNG(t, filepath.Join(dir, "NEWEST.PNG"), paint.Style(1, 32))
	l.scanned = l.scanned.Add(-scanEvery)
	require.True(t, slices.ContainsFunc(l.list(), func(it item) bool { return it.Path == "NEWEST.PNG" && it.Kind == kindPicture }))
}

// TestManyFiles: a folder with more than can be shown is looked at in part.
func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range 10 {
		for j := range 20 {
			path := filepath.Join(dir, fmt.Sprint(i), fmt.Sprint(j, ".png"))
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
			require.NoError(t, os.WriteFile(path, nil, 0o666))
		}
	}
	l, err := openLibrary(dir)
	require.NoError(t, err)
	defer l.close()
	l.limits = limits{entries: 130, items: 50}
	count := map[kind]int{}
	for _, it := range l.list() {
		count[it.Kind]++
	}
	require.Equal(t, 50, count[kindPicture])
	require.Equal(t, 6, count[kindDataset])
}
