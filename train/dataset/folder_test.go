package dataset

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/imageio"
)

// plant makes files (empty but for the given pictures) below a new folder. A
// name with an arrow is a link to what comes after it.
func plant(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		name, target, link := strings.Cut(name, " -> ")
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.MkdirAll(path, 0o777))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		if link {
			if err := os.Symlink(target, path); err != nil || runtime.GOOS == "windows" {
				need.Missing(t, "platform", "no symbolic links for everybody: %v", err)
			}
			continue
		}
		require.NoError(t, os.WriteFile(path, nil, 0o666))
	}
	return dir
}

// relative are the names of a Files without its root.
func relative(f *Files) []string {
	names := make([]string, f.Len())
	for i := range names {
		names[i] = strings.TrimPrefix(f.Name(i), f.root+"/")
	}
	return names
}

// oddTree holds what sorts, nests and links in unobvious ways; oddListing is
// what torchvision 0.14.1 lists there.
var (
	oddTree = []string{
		"b/z.jpg", "b/A.JPG", "b/a.jpg", "b/10.png", "b/9.png", "b/notes.txt", "b/.hidden.png", "b/.jpg", "b/jpg",
		"b/x/1.jpg", "b/x-y/1.jpg", "b/x.jpg/1.jpg", "b/x/y/2.webp", "b/x y/3.pgm", "b/xé/é.tiff", "b/x/Z/1.ppm",
		"Zcaps/1.BMP", "Zcaps/2.gif", "Zcaps/3.jpg.txt", "Zcaps/4.Tif", ".hiddenclass/1.jpg",
		"top.jpg", "linked -> b/x", "c/dangling.png -> nowhere", "c/file.png -> ../top.jpg", "c/dir -> ../Zcaps", "é/1.jpeg",
	}
	oddListing = []string{
		".hiddenclass/1.jpg", "Zcaps/1.BMP", "Zcaps/4.Tif",
		"b/.hidden.png", "b/.jpg", "b/10.png", "b/9.png", "b/A.JPG", "b/a.jpg", "b/z.jpg",
		"b/x/1.jpg", "b/x y/3.pgm", "b/x-y/1.jpg", "b/x.jpg/1.jpg", "b/x/Z/1.ppm", "b/x/y/2.webp", "b/xé/é.tiff",
		"c/dangling.png", "c/file.png", "c/dir/1.BMP", "c/dir/4.Tif",
		"linked/1.jpg", "linked/Z/1.ppm", "linked/y/2.webp", "é/1.jpeg",
	}
)

func TestFolderListsLikeTorchvision(t *testing.T) {
	dir := plant(t, oddTree...)
	f, err := Folder(dir, imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, oddListing, relative(f))
	require.Equal(t, []string{".hiddenclass", "Zcaps", "b", "c", "linked", "é"}, f.Classes)
	require.Equal(t, 1, f.Ignored)
	require.Equal(t, filepath.Join(dir, "Zcaps/1.BMP"), f.Name(1))

	const script = `
import sys, json
from torchvision.datasets.folder import ImageFolder
d = sys.argv[1]
print(json.dumps([p[len(d) + 1:] for p, _ in ImageFolder(d).samples]))
`
	var theirs []string
	require.NoError(t, json.Unmarshal([]byte(need.Python(t, "torchvision", script, dir)), &theirs))
	require.Equal(t, theirs, relative(f))
}

func TestFlatAndMixedFolders(t *testing.T) {
	for _, c := range []struct {
		tree    []string
		want    []string
		ignored int
		err     string
	}{
		{tree: []string{"b.jpg", "a.png", "readme.txt"}, want: []string{"a.png", "b.jpg"}},
		{tree: []string{"b.jpg", "notes/readme.txt", "empty/"}, want: []string{"b.jpg"}},
		{tree: []string{"b.jpg", "class/a.jpg"}, want: []string{"class/a.jpg"}, ignored: 1},
		{tree: []string{"._b.jpg", "b.jpg", ".DS_Store", "Thumbs.db", "desktop.ini"}, want: []string{"b.jpg"}},
		{tree: []string{"a/._1.jpg", "a/1.jpg", "a/@eaDir/1.jpg", "__MACOSX/a/._1.jpg", "@eaDir/1.jpg", ".ipynb_checkpoints/", "._a/1.jpg"}, want: []string{"a/1.jpg"}},
		{tree: []string{"b.jpg", "@eaDir/b.jpg"}, want: []string{"b.jpg"}},
		{tree: []string{"a/._1.jpg"}, err: "class folders without a picture: a;"},
		{tree: []string{"full/a.jpg", "empty/", "void/x.txt"}, err: "class folders without a picture: empty, void;"},
		{tree: []string{"empty/"}, err: "class folders without a picture: empty;"},
		{tree: []string{"readme.txt"}, err: "no pictures; looking for .jpg"},
		{tree: nil, err: "no pictures"},
	} {
		dir := plant(t, c.tree...)
		f, err := Folder(dir, imageio.Options{})
		if c.err != "" {
			require.ErrorContains(t, err, "dataset: "+dir+": ")
			require.ErrorContains(t, err, c.err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want, relative(f))
		require.Equal(t, c.ignored, f.Ignored)
	}
	_, err := Open(filepath.Join(t.TempDir(), "missing"), imageio.Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "missing")
}

func TestLinkLoops(t *testing.T) {
	dir := plant(t,
		"a/1.jpg", "a/self -> .", "a/up -> ..", "a/b/2.jpg", "a/b/back -> ../../a",
		"c/3.jpg", "c/to_d -> ../d", "d/4.jpg", "d/to_c -> ../c", "round -> a")
	f, err := Folder(dir, imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{
		"a/1.jpg", "a/b/2.jpg", "c/3.jpg", "c/to_d/4.jpg", "d/4.jpg", "d/to_c/3.jpg", "round/1.jpg", "round/b/2.jpg",
	}, relative(f))
}

func TestUnreadableFolder(t *testing.T) {
	if os.Getuid() <= 0 || runtime.GOOS == "windows" {
		need.Missing(t, "user", "permissions do not bind this user")
	}
	dir := plant(t, "a/1.jpg", "a/locked/")
	locked := filepath.Join(dir, "a/locked")
	require.NoError(t, os.Chmod(locked, 0))
	t.Cleanup(func() { _ = os.Chmod(locked, 0o777) })
	_, err := Folder(dir, imageio.Options{})
	require.ErrorIs(t, err, os.ErrPermission)
	require.ErrorContains(t, err, "locked")
}

func TestFilesLoad(t *testing.T) {
	dir := plant(t, "class/bad.png")
	want := drawn(1)[0]
	require.NoError(t, imageio.Save(filepath.Join(dir, "class", "good.png"), want, imageio.SaveOptions{}))
	f, err := Open(dir, imageio.Options{})
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Load(0)
	require.ErrorContains(t, err, filepath.Join(dir, "class", "bad.png")+": empty file")
	got, err := f.Load(1)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// TestBeside wants a line about what class folders hide, and an error where that
// is most of the pictures.
func TestBeside(t *testing.T) {
	for _, c := range []struct {
		tree      []string
		note, err string
	}{
		{[]string{"a/1.jpg", "a/2.jpg"}, "", ""},
		{[]string{"1.jpg", "2.jpg"}, "", ""},
		{[]string{"1.jpg", "a/1.jpg"}, "1 of 2 pictures are left out", ""},
		{[]string{"1.jpg", "2.jpg", "rejected/1.jpg"}, "", "2 of 3 pictures are left out"},
	} {
		f, err := Folder(plant(t, c.tree...), imageio.Options{})
		require.NoError(t, err)
		note, err := f.Beside()
		require.True(t, strings.HasPrefix(note, c.note) && (c.note == "") == (note == ""), note)
		if c.err == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, c.err)
		require.ErrorContains(t, err, "(rejected)")
	}
}

func TestFirst(t *testing.T) {
	good := drawn(1)[0]
	m, err := First(Images{nil, {}, good}, 5)
	require.NoError(t, err)
	require.Same(t, good, m)
	_, err = First(Images{nil, nil, good}, 1)
	var many *TooManyBadError
	require.ErrorAs(t, err, &many)
	require.Equal(t, 2, many.Bad)
	_, err = First(Images{nil, good}, -1)
	require.ErrorAs(t, err, &many)
	_, err = First(Images{nil}, 0)
	require.ErrorContains(t, err, "image 0: empty picture")
	_, err = First(Images{}, 0)
	require.ErrorContains(t, err, "no pictures")
}
