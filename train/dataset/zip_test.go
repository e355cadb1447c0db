package dataset

import (
	"archive/zip"
	"bytes"
	"image"
	"image/png"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/imageio"
)

// archive makes a zip of the given names, each holding data.
func archive(t testing.TB, data []byte, names ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range names {
		e, err := w.Create(name)
		require.NoError(t, err)
		if !strings.HasSuffix(name, "/") {
			_, err = e.Write(data)
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func encoded(t testing.TB, m image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, png.Encode(&buf, m))
	return buf.Bytes()
}

func openZip(t *testing.T, data []byte) (*Files, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.zip")
	require.NoError(t, os.WriteFile(path, data, 0o666))
	f, err := Open(path, imageio.Options{})
	if err != nil {
		require.ErrorContains(t, err, "dataset: "+path+": ")
		return nil, err
	}
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f, nil
}

// TestZipListsLikeFolder packs the odd tree without its links, and no folders.
func TestZipListsLikeFolder(t *testing.T) {
	var names []string
	for _, name := range oddTree {
		if !strings.Contains(name, " -> ") {
			names = append(names, name)
		}
	}
	want, err := Folder(plant(t, names...), imageio.Options{})
	require.NoError(t, err)
	got, err := openZip(t, archive(t, []byte("x"), append(names, "__MACOSX/b/._z.jpg", "b/x/")...))
	require.NoError(t, err)
	require.Equal(t, relative(want), relative(got))
	require.Equal(t, want.Classes, got.Classes)
	require.Equal(t, want.Ignored, got.Ignored)

	flat, err := openZip(t, archive(t, nil, "b.jpg", "a.png", "x.txt"))
	require.NoError(t, err)
	require.Equal(t, []string{"a.png", "b.jpg"}, relative(flat))
	_, err = openZip(t, archive(t, nil, "a/1.jpg", "b/"))
	require.ErrorContains(t, err, "class folders without a picture: b;")
	_, err = openZip(t, archive(t, nil))
	require.ErrorContains(t, err, "no pictures")
	_, err = openZip(t, []byte("not a zip"))
	require.ErrorContains(t, err, "no readable zip archive")
}

func TestZipLoads(t *testing.T) {
	want := drawn(2)[1]
	f, err := openZip(t, archive(t, encoded(t, want.NRGBA()), "train2014/1.png", "train2014/2.jpg"))
	require.NoError(t, err)
	for i := range 2 {
		got, err := f.Load(i)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	f, err = openZip(t, archive(t, []byte("<html>"), "train2014/1.png"))
	require.NoError(t, err)
	_, err = f.Load(0)
	require.ErrorIs(t, err, imageio.ErrFormat)
	require.ErrorContains(t, err, f.Name(0)+": not a PNG")
	require.Equal(t, f.root+"/train2014/1.png", f.Name(0))
}

// TestZipDamage changes each byte of an archive in turn, damages it at random and
// cuts it at every length: what can be read are the pictures that were packed,
// because the CRC catches what the decoder does not.
func TestZipDamage(t *testing.T) {
	want := map[string]*imageio.Image{"a/1.png": drawn(3)[1], "b/2.png": drawn(3)[2]}
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range []string{"a/1.png", "b/2.png"} {
		e, err := w.Create(name)
		require.NoError(t, err)
		_, err = e.Write(encoded(t, want[name].NRGBA()))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	whole := buf.Bytes()
	loads := func(archive []byte) (good int) {
		readBounded(t, archive, func(name string, m *imageio.Image, err error) {
			if err != nil {
				require.ErrorContains(t, err, "x.zip/"+name+": ")
				return
			}
			good++
			if !slices.ContainsFunc(slices.Collect(maps.Values(want)), func(w *imageio.Image) bool { return reflect.DeepEqual(w, m) }) {
				t.Fatalf("%s is none of the pictures", name)
			}
		})
		return good
	}
	require.Equal(t, 2, loads(whole))
	refused := 0
	damagetest.Flips(whole, 0, len(whole), func(at int, damaged []byte) {
		if loads(damaged) < 2 {
			refused++
		}
	})
	require.Greater(t, refused, len(whole), "half of the changes, of two for each byte")
	damagetest.Mutations(whole, func(damaged []byte) { loads(damaged) })
	for n := range whole {
		require.Zero(t, loads(whole[:n]), "cut at %d", n)
	}
}

// readBounded reads all pictures of an archive, each within the memory bound.
func readBounded(t *testing.T, archive []byte, each func(name string, m *imageio.Image, err error)) {
	t.Helper()
	var files *Files
	var err error
	damagetest.Bounded(t, len(archive), func() {
		files, err = readZip("x.zip", bytes.NewReader(archive), int64(len(archive)), imageio.Options{MaxPixels: 1 << 16})
	})
	if err != nil {
		return
	}
	require.NotZero(t, files.Len())
	for i := range files.Len() {
		name := strings.TrimPrefix(files.Name(i), "x.zip/")
		require.NoError(t, checkName(name))
		var m *imageio.Image
		damagetest.Bounded(t, len(archive), func() { m, err = files.Load(i) })
		each(name, m, err)
	}
}

func TestZipRefusesTraversal(t *testing.T) {
	data := encoded(t, drawn(1)[0].NRGBA())
	for _, name := range []string{
		"../evil.png", "a/../../evil.png", "a/../evil.png", "..", "/etc/evil.png", "//host/evil.png", `..\evil.png`,
		`a\..\..\evil.png`, "C:/evil.png", "C:evil.png", "a/nul\x00.png", "./a/evil.png", "a//evil.png",
		strings.Repeat("a/", 2500) + "evil.png",
	} {
		_, err := openZip(t, archive(t, data, "good/1.png", name))
		require.ErrorContains(t, err, "entry", name)
	}
	_, err := openZip(t, archive(t, data, "a/1.png", "a/1.png"))
	require.ErrorContains(t, err, "two entries")

	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	h := &zip.FileHeader{Name: "a/link.png"}
	h.SetMode(fs.ModeSymlink | 0o777)
	e, err := w.CreateHeader(h)
	require.NoError(t, err)
	_, err = e.Write([]byte("/etc/passwd"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = openZip(t, buf.Bytes())
	require.ErrorContains(t, err, "neither a file nor a folder")
}

// TestZipBombs checks that a bomb is refused by its entry in the directory.
func TestZipBombs(t *testing.T) {
	for size, want := range map[int]string{8 << 20: "the limit is 200 to 1", 65 << 20: "the limit is 67108864"} {
		f, err := openZip(t, archive(t, make([]byte, size), "a/bomb.png"))
		require.NoError(t, err)
		allocated := damagetest.Allocated(func() { _, err = f.Load(0) })
		require.ErrorIs(t, err, imageio.ErrTooLarge)
		require.ErrorContains(t, err, want)
		require.Less(t, allocated, 64<<10)
	}
}

// TestZipThatLiesAboutSizes understates the size of a bomb in the directory.
func TestZipThatLiesAboutSizes(t *testing.T) {
	data := archive(t, make([]byte, 8<<20), "a/bomb.png")
	dir := bytes.LastIndex(data, []byte("PK\x01\x02"))
	copy(data[dir+24:], []byte{0, 1, 0, 0}) // uncompressed size
	f, err := readZip("x.zip", bytes.NewReader(data), int64(len(data)), imageio.Options{})
	require.NoError(t, err)
	allocated := damagetest.Allocated(func() { _, err = f.Load(0) })
	require.Error(t, err)
	require.Less(t, allocated, 256<<10)
}

func FuzzZip(f *testing.F) {
	small := encoded(f, image.NewGray(image.Rect(0, 0, 3, 2)))
	f.Add(archive(f, small, "a/1.png", "b/c/2.png", "b/"))
	f.Add(archive(f, small, "1.png", "../2.png"))
	f.Add(archive(f, make([]byte, 1<<16), "a/bomb.png"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, data []byte) {
		readBounded(t, data, func(name string, m *imageio.Image, err error) {
			if err == nil {
				require.Len(t, m.Pix, 3*m.W*m.H)
			}
		})
	})
}
