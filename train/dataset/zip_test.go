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
	"runtime"
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
		if !strings.Contains(name, " -> ") && (name != "b/a.jpg" || runtime.GOOS != "windows") { // which has b/A.JPG
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
		require.NotContains(t, strings.Split(name, "/"), "..")
		var m *imageio.Image
		damagetest.Bounded(t, len(archive), func() { m, err = files.Load(i) })
		each(name, m, err)
	}
}

// TestZipNames wants the pictures behind names of all kinds: what tools write, and
// what would be harmful if it were unpacked.
func TestZipNames(t *testing.T) {
	long := strings.Repeat("a/", 2500) + "1.png"
	for name, want := range map[string]string{
		`c\0.jpg`: "c/0.jpg", `c\d\0.jpg`: "c/d/0.jpg", `c/d\0.jpg`: "c/d/0.jpg", `.\c\0.jpg`: "c/0.jpg",
		"./c/0.jpg": "c/0.jpg", "././c/./0.jpg": "c/0.jpg", "c//0.jpg": "c/0.jpg", "/c/0.jpg": "c/0.jpg",
		"//host/c/0.jpg": "host/c/0.jpg", `\\host\c\0.jpg`: "host/c/0.jpg", "C:/0.jpg": "C:/0.jpg", "12:30.jpg": "12:30.jpg",
		"c/nul\x00.png": "c/nul\x00.png", "c/tab\t.png": "c/tab\t.png", long: long,
		"\x95\x5c/\x8e\x86.jpg": "\x95\x5c/\x8e\x86.jpg", "\x95\x5c\x5c\x83\x5c.jpg": "\x95\x5c/\x83\x5c.jpg", // Shift-JIS
		"c\\\xa5\x5c.jpg":  "c/\xa5\x5c.jpg",                                         // Big5
		"M\x81ller\\1.jpg": "M\x81ller/1.jpg", "M\xfcller\\1.jpg": "M\xfcller/1.jpg", // CP850, Latin-1
		"é\\1.jpg": "é/1.jpg", "表/ソ.jpg": "表/ソ.jpg", "..c/..0.jpg": "..c/..0.jpg",
	} {
		m := drawn(1)[0]
		f, err := openZip(t, archive(t, encoded(t, m.NRGBA()), name))
		require.NoError(t, err, "%q", name)
		require.Equal(t, []string{want}, relative(f))
		got, err := f.Load(0)
		require.NoError(t, err, "%q", name)
		require.Equal(t, m, got)
	}
	f, err := openZip(t, archive(t, []byte("x"), `c\`, `c\1.jpg`))
	require.NoError(t, err)
	require.Equal(t, []string{"c"}, f.Classes)
	f, err = openZip(t, archive(t, []byte("x"), "c/1.jpg", "c/._1.jpg", "d/__MACOSX/1.jpg", "@eaDir/1.jpg", "__MACOSX/c/1.jpg"))
	require.NoError(t, err)
	require.Equal(t, []string{"c/1.jpg"}, relative(f))
}

// TestZipBadEntries has entries that nobody can read, or should: each is a bad file
// and the others are read.
func TestZipBadEntries(t *testing.T) {
	want := drawn(1)[0]
	data := encoded(t, want.NRGBA())
	header := func(name string, set func(h *zip.FileHeader)) []byte {
		var buf bytes.Buffer
		w := zip.NewWriter(&buf)
		e, err := w.Create("c/0.png")
		require.NoError(t, err)
		_, err = e.Write(data)
		require.NoError(t, err)
		h := &zip.FileHeader{Name: name, CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data))}
		set(h)
		e, err = w.CreateRaw(h)
		require.NoError(t, err)
		_, err = e.Write(data)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return buf.Bytes()
	}
	for _, c := range []struct {
		name, listed string
		set          func(h *zip.FileHeader)
		says         string
	}{
		{"c/1.png", "c/1.png", func(h *zip.FileHeader) { h.Flags = 1 }, "encrypted"},
		{"c/1.png", "c/1.png", func(h *zip.FileHeader) { h.Flags = 1; h.Method = 99 }, "encrypted"},
		{"c/1.png", "c/1.png", func(h *zip.FileHeader) { h.Method = 9 }, "method 9"},
		{"c/1.png", "c/1.png", func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) }, "a link or device"},
		{"c/1.png", "c/1.png", func(h *zip.FileHeader) { h.SetMode(fs.ModeNamedPipe | 0o777) }, "a link or device"},
		{"../1.png", "1.png", func(*zip.FileHeader) {}, "leads out"},
		{"c/../../1.png", "c/1.png", func(*zip.FileHeader) {}, "leads out"},
		{`c\..\1.png`, "c/1.png", func(*zip.FileHeader) {}, "leads out"},
	} {
		f, err := openZip(t, header(c.name, c.set))
		require.NoError(t, err)
		for i, name := range relative(f) {
			got, err := f.Load(i)
			if name == "c/0.png" {
				require.NoError(t, err)
				require.Equal(t, want, got)
				continue
			}
			require.Equal(t, c.listed, name)
			require.ErrorContains(t, err, f.Name(i)+": ")
			require.ErrorContains(t, err, c.says)
		}
		require.Equal(t, 2-f.Ignored, f.Len())
	}
	// What leads out of the archive does not stand in for what does not.
	f, err := openZip(t, header("../c/0.png", func(*zip.FileHeader) {}))
	require.NoError(t, err)
	require.Equal(t, 1, f.Len())
	got, err := f.Load(0)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// TestZipDuplicates wants the last of equal names, as Python's zipfile.
func TestZipDuplicates(t *testing.T) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	pictures := drawn(3)
	for i, name := range []string{"a/1.png", "a/1.png", `a\1.png`} {
		e, err := w.Create(name)
		require.NoError(t, err)
		_, err = e.Write(encoded(t, pictures[i].NRGBA()))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	f, err := openZip(t, buf.Bytes())
	require.NoError(t, err)
	require.Equal(t, []string{"a/1.png"}, relative(f))
	got, err := f.Load(0)
	require.NoError(t, err)
	require.Equal(t, pictures[2], got)
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
