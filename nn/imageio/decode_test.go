package imageio

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/imageio/internal/jpeg"
)

// wanted reads a PNG that Pillow wrote, as straight RGBA.
func wanted(t *testing.T, name string) *Image {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "want", name))
	require.NoError(t, err)
	defer f.Close()
	src, err := png.Decode(f)
	require.NoError(t, err)
	return FromImage(src)
}

// tolerance is how far a decoded byte may be from Pillow's.
func tolerance(string) int { return 0 }

func requireClose(t *testing.T, want, got *Image, tolerance int) {
	t.Helper()
	require.Equal(t, [2]int{want.W, want.H}, [2]int{got.W, got.H})
	worst := 0
	for i := range want.Pix {
		d := int(want.Pix[i]) - int(got.Pix[i])
		worst = max(worst, d, -d)
	}
	require.LessOrEqual(t, worst, tolerance, "worst difference; mean %v", meanDifference(want, got))
	require.Equal(t, want.Alpha, got.Alpha)
}

// TestDecodesLikePillow compares every picture of testdata, good or bad, with
// what Pillow made of it, or should have made for the reasons in differences.json.
func TestDecodesLikePillow(t *testing.T) {
	data, err := os.ReadFile("testdata/want.json")
	require.NoError(t, err)
	decisions := map[string]string{}
	require.NoError(t, json.Unmarshal(data, &decisions))
	require.Greater(t, len(decisions), 250)
	data, err = os.ReadFile("testdata/differences.json")
	require.NoError(t, err)
	differences := map[string]struct{ Decision, Why string }{}
	require.NoError(t, json.Unmarshal(data, &differences))
	for name, d := range differences {
		require.Contains(t, decisions, name)
		decisions[name] = d.Decision
	}
	for name, decision := range decisions {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", "pictures", name)
			got, err := Load(path, Options{KeepAlpha: true})
			if decision != "ok" {
				require.Error(t, err, "Pillow says %s", decision)
				require.ErrorContains(t, err, name)
				var e *Error
				require.ErrorAs(t, err, &e)
				return
			}
			require.NoError(t, err)
			want := wanted(t, name+".png")
			requireClose(t, want, got, tolerance(name))

			dropped, err := Load(path, Options{})
			require.NoError(t, err)
			require.Nil(t, dropped.Alpha)
			require.Equal(t, got.Pix, dropped.Pix)

			upright, err := Load(path, Options{KeepAlpha: true, ApplyOrientation: true})
			require.NoError(t, err)
			if _, err := os.Stat(filepath.Join("testdata", "want", name+".upright.png")); err == nil {
				want = wanted(t, name+".upright.png")
			}
			requireClose(t, want, upright, tolerance(name))
		})
	}
}

// whyNot is why a file cannot be opened, in the words of the system.
func whyNot(path string) string {
	_, err := os.Open(path)
	return errors.Unwrap(err).Error()
}

func TestErrorsNameFileFormatAndReason(t *testing.T) {
	for name, want := range map[string]string{
		"bomb.png":        "imageio: testdata/pictures/bomb.png: png: too large: 50000x50000 pixels, the limit is 89478485",
		"claims_much.png": "imageio: testdata/pictures/claims_much.png: png: truncated: ",
		"html.jpg":        "imageio: testdata/pictures/html.jpg: not a PNG, JPEG,",
		"empty.jpg":       "imageio: testdata/pictures/empty.jpg: empty file",
		"truncated.jpg":   "imageio: testdata/pictures/truncated.jpg: jpeg: truncated: unexpected EOF",
		"missing.jpg":     "imageio: testdata/pictures/missing.jpg: " + whyNot("testdata/pictures/missing.jpg"),
	} {
		_, err := Load("testdata/pictures/"+name, Options{})
		require.ErrorContains(t, err, want)
	}
	_, err := Load("testdata/pictures/html.jpg", Options{})
	require.ErrorIs(t, err, ErrFormat)
	_, err = Load("testdata/pictures/missing.jpg", Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, path := range []string{"testdata", os.DevNull} {
		_, err = Load(path, Options{})
		require.ErrorContains(t, err, "imageio: "+path+": not a regular file")
	}
}

func TestLimits(t *testing.T) {
	path := "testdata/pictures/rgb8.png" // 33x21
	_, err := Load(path, Options{MaxPixels: 33*21 - 1})
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = Load(path, Options{MaxPixels: 33 * 21})
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	_, err = Load(path, Options{MaxBytes: info.Size() - 1})
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = Load(path, Options{MaxBytes: info.Size()})
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	_, err = Decode(bytes.NewReader(data), Options{MaxBytes: info.Size() - 1})
	require.ErrorIs(t, err, ErrTooLarge)
}

// TestBombsTakeNoMemory checks that pictures are refused by their header.
func TestBombsTakeNoMemory(t *testing.T) {
	for _, name := range []string{"bomb.png", "claims_much.png"} {
		data, err := os.ReadFile("testdata/pictures/" + name)
		require.NoError(t, err)
		allocated := damagetest.Allocated(func() { _, err = DecodeBytes(data, Options{}) })
		require.Error(t, err)
		require.Less(t, allocated, 1<<20)
	}
}

// TestScanBombs repeats the first scan of a progressive JPEG, which changes nothing,
// up to the limit and once more.
func TestScanBombs(t *testing.T) {
	data, err := os.ReadFile("testdata/pictures/progressive.jpg")
	require.NoError(t, err)
	want, err := DecodeBytes(data, Options{})
	require.NoError(t, err)
	first := bytes.Index(data, []byte("\xff\xda"))
	second := first + 2 + bytes.Index(data[first+2:], []byte("\xff\xc4"))
	scans := bytes.Count(data, []byte("\xff\xda"))
	require.Greater(t, scans, 2)
	repeat := func(total int) (*Image, error) {
		return DecodeBytes(slices.Concat(data[:first], bytes.Repeat(data[first:second], 1+total-scans), data[second:]), Options{})
	}
	got, err := repeat(jpeg.MaxScans)
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, err = repeat(jpeg.MaxScans + 1)
	require.ErrorIs(t, err, ErrTooSlow)
	require.ErrorContains(t, err, "101 scans")
}

// TestWebPThatClaimsMuch has a file of some hundred bytes claim 15 MB of data.
func TestWebPThatClaimsMuch(t *testing.T) {
	data, err := os.ReadFile("testdata/pictures/lossy_33x21.webp")
	require.NoError(t, err)
	require.Equal(t, "VP8 ", string(data[12:16]))
	binary.LittleEndian.PutUint32(data[4:], 15<<20+12)
	binary.LittleEndian.PutUint32(data[16:], 15<<20)
	allocated := damagetest.Allocated(func() { _, err = DecodeBytes(data, Options{}) })
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Less(t, allocated, 1<<20)
}

// TestTruncationAndDamage cuts every picture at some lengths and flips bytes there:
// whatever happens, it must be an answer of the right size or an error. With
// IMPASTO_LONG it cuts and flips everywhere, and adds 10,000 random mutations.
func TestTruncationAndDamage(t *testing.T) {
	files, err := filepath.Glob("testdata/pictures/*")
	require.NoError(t, err)
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		damaged := bytes.Clone(data)
		for n := 0; n < len(data); n++ {
			decodeBounded(t, data[:n])
			damaged[n] ^= 0xff
			decodeBounded(t, damaged)
			damaged[n] ^= 0xff
			if !need.Long() {
				n += n / 16
			}
		}
		if need.Long() && len(data) > 0 {
			damagetest.Mutations(data, func(damaged []byte) { decodeBounded(t, damaged) })
		}
	}
}

// decodeBounded decodes data into a picture of the right size or an error, within
// the memory bound, for which the limit of pixels is low.
func decodeBounded(t testing.TB, data []byte) {
	t.Helper()
	var m *Image
	var err error
	damagetest.Bounded(t, len(data), func() {
		m, err = DecodeBytes(data, Options{KeepAlpha: true, ApplyOrientation: true, MaxPixels: 1 << 16})
	})
	if err != nil {
		require.NotContains(t, err.Error(), "the decoder failed", "a check is missing")
		return
	}
	require.Len(t, m.Pix, 3*m.W*m.H)
	if m.Alpha != nil {
		require.Len(t, m.Alpha, m.W*m.H)
	}
}

func fuzzSeeds(f *testing.F) {
	files, err := filepath.Glob("testdata/pictures/*")
	require.NoError(f, err)
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(data)
	}
}

// FuzzDecode decodes anything within the limits that hold by default, and wants no
// more memory taken than the header promised, and than the limit.
func FuzzDecode(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		opts := Options{KeepAlpha: true, ApplyOrientation: true}
		const slack = 16 << 20 // of buffers and tables
		allowed := 2*len(data) + slack
		if c := sniff(data); c != nil {
			if h, err := c.head(data, true); err == nil {
				if need, err := c.fits(h, len(data), orientation(data, c.name), opts); err == nil {
					allowed += int(need)
				}
			}
		}
		require.LessOrEqual(t, allowed, DefaultMaxMemory+2*len(data)+slack)
		var m *Image
		var err error
		allocated := damagetest.Allocated(func() { m, err = DecodeBytes(data, opts) })
		require.LessOrEqual(t, allocated, allowed)
		if err == nil {
			require.Len(t, m.Pix, 3*m.W*m.H)
			require.True(t, m.Alpha == nil || len(m.Alpha) == m.W*m.H)
		}
	})
}

func FuzzEXIF(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []string{"jpeg", "png", "webp", "tiff"} {
			if c := sniff(data); c != nil && c.name == format {
				o := orientation(data, format)
				require.True(t, o >= 1 && o <= 8)
			}
		}
		o := tiffOrientation(data)
		require.True(t, o >= 0 && o <= 8)
	})
}
