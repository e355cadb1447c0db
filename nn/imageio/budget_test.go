package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/tiff"

	"github.com/impasto-go/impasto/internal/damagetest"
)

// TestMemoryAsPromised decodes pictures of all kinds, none smaller than 1 megapixel
// but for those that only Pillow writes, and compares what is allocated with what the
// header promised.
func TestMemoryAsPromised(t *testing.T) {
	const w, h = 1200, 900
	files := map[string][]byte{}
	encode := func(name string, m image.Image) {
		var b bytes.Buffer
		require.NoError(t, png.Encode(&b, m))
		files[name+".png"] = bytes.Clone(b.Bytes())
		b.Reset()
		require.NoError(t, tiff.Encode(&b, m, &tiff.Options{Compression: tiff.Deflate, Predictor: true}))
		files[name+".tiff"] = bytes.Clone(b.Bytes())
	}
	r := image.Rect(0, 0, w, h)
	encode("gray", image.NewGray(r))
	encode("gray16", image.NewGray16(r))
	opaque := image.NewNRGBA(r)
	for i := range opaque.Pix {
		opaque.Pix[i] = uint8(i * i >> 7)
		if i%4 == 3 {
			opaque.Pix[i] = 255
		}
	}
	encode("rgb", opaque)
	encode("rgba", image.NewNRGBA(r))
	encode("rgba16", image.NewNRGBA64(r))
	encode("palette", image.NewPaletted(r, color.Palette{color.Black, color.White}))
	for _, name := range []string{"large_lossy.webp", "large_lossy_alpha.webp", "large_lossless.webp", "large_palette.webp", "large_animated.webp",
		"large_420.jpg", "large_444.jpg", "large_progressive.jpg", "large_cmyk.jpg", "large.gif", "large_rle8.bmp", "large_interlaced.png"} {
		data, err := os.ReadFile(filepath.Join("testdata", "large", name))
		require.NoError(t, err)
		files[name] = data
	}
	for name, data := range files {
		for _, keepAlpha := range []bool{false, true} {
			c := sniff(data)
			head, err := c.head(data, keepAlpha)
			require.NoError(t, err, name)
			require.GreaterOrEqual(t, head.w*head.h, 300_000)
			var m *Image
			allocated := damagetest.Allocated(func() { m, err = DecodeBytes(data, Options{KeepAlpha: keepAlpha}) })
			require.NoError(t, err, name)
			require.Equal(t, [2]int{head.w, head.h}, [2]int{m.W, m.H})
			require.LessOrEqual(t, allocated, int(head.memory)+len(data)+400<<10, "%s, alpha %v", name, keepAlpha)
			require.GreaterOrEqual(t, 3*allocated, int(head.memory), "%s: a promise this high refuses what could be read", name)
		}
	}
}

// TestMaxMemory wants the limit to hold to the byte.
func TestMaxMemory(t *testing.T) {
	data, err := os.ReadFile("testdata/pictures/plain.ppm")
	require.NoError(t, err)
	need := int64(33*21*3 + len(data))
	_, err = DecodeBytes(data, Options{MaxMemory: need})
	require.NoError(t, err)
	_, err = DecodeBytes(data, Options{MaxMemory: need - 1})
	require.ErrorIs(t, err, ErrTooLarge)
	require.ErrorContains(t, err, "-max-picture-memory")
	_, err = DecodeBytes(data, Options{Budget: NewBudget(need - 1)})
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = DecodeBytes(data, Options{MaxMemory: need - 1, Budget: NewBudget(10 * need)})
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = DecodeBytes(data, Options{KeepAlpha: true, MaxMemory: need}) // a byte more a pixel
	require.ErrorIs(t, err, ErrTooLarge)

	// Turning takes both pictures at once, more than decoding does.
	data, err = os.ReadFile("testdata/large/large_420.jpg")
	require.NoError(t, err)
	exif := "\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	data = append([]byte("\xff\xd8"+exif), data[2:]...)
	upright := Options{MaxMemory: int64(2*800*600*3 + len(data)), ApplyOrientation: true}
	m, err := DecodeBytes(data, upright)
	require.NoError(t, err)
	require.Equal(t, [2]int{600, 800}, [2]int{m.W, m.H})
	upright.MaxMemory--
	_, err = DecodeBytes(data, upright)
	require.ErrorIs(t, err, ErrTooLarge)
	upright.ApplyOrientation = false
	_, err = DecodeBytes(data, upright)
	require.NoError(t, err)
}

// TestBudget has more at once than the budget holds: all get through, it is never
// exceeded, and all of it comes back.
func TestBudget(t *testing.T) {
	data, err := os.ReadFile("testdata/pictures/rgb8.png")
	require.NoError(t, err)
	h, err := headPNG(data, false)
	require.NoError(t, err)
	need := h.memory + int64(len(data))
	b := NewBudget(2*need + 33*21*3)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(1, 2))
			for range 50 {
				m, err := DecodeBytes(data, Options{Budget: b})
				if err != nil {
					t.Error(err)
					return
				}
				if b.mu.Lock(); b.used > b.limit || b.used < 33*21*3 {
					t.Errorf("%d of %d bytes are used", b.used, b.limit)
				}
				b.mu.Unlock()
				time.Sleep(time.Duration(rng.IntN(100)) * time.Microsecond)
				b.Release(m)
				b.Release(m) // once is enough
			}
		})
	}
	group.Wait()
	require.Zero(t, b.used)
	require.Empty(t, b.held)
	_, err = DecodeBytes(data[:60], Options{Budget: b})
	require.Error(t, err)
	require.Zero(t, b.used, "failures give all back")
	require.EqualValues(t, DefaultMaxMemory, NewBudget(0).limit)
}

// TestBudgetWaits wants a picture to wait for another's release.
func TestBudgetWaits(t *testing.T) {
	data, err := os.ReadFile("testdata/pictures/rgb8.png")
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(9_000)
		m, err := DecodeBytes(data, Options{Budget: b})
		require.NoError(t, err)
		b.acquire(9_000 - 33*21*3)
		read := false
		go func() {
			_, err := DecodeBytes(data, Options{Budget: b})
			read = err == nil
		}()
		synctest.Wait()
		require.False(t, read)
		b.Release(m)
		synctest.Wait()
		require.False(t, read, "2079 bytes are not enough")
		b.settle(9_000-33*21*3, nil)
		synctest.Wait()
		require.True(t, read)
	})
}

// TestMaxTime wants every decoder to heed the time.
func TestMaxTime(t *testing.T) {
	for _, name := range []string{"rgb8.png", "progressive.jpg", "restarts.jpg", "plain.gif", "rgb.bmp", "rle8.bmp", "rgb_raw.tiff", "lossless.webp", "lossy_33x21.webp", "plain.ppm", "ascii.ppm"} {
		var err error
		for tries := 0; err == nil && tries < 100_000; tries++ { // clocks of Windows stand still for milliseconds
			_, err = Load("testdata/pictures/"+name, Options{MaxTime: 1})
		}
		require.ErrorIs(t, err, ErrTooSlow, name)
	}
	calls := 0
	check := func() error {
		if calls++; calls > 5 {
			return errors.New("enough")
		}
		return nil
	}
	for _, c := range []string{"progressive.jpg", "rgb.bmp", "rgb_raw.tiff", "plain.ppm"} {
		data, err := os.ReadFile("testdata/pictures/" + c)
		require.NoError(t, err)
		calls = 0
		_, err = sniff(data).decode(data, decoding{check: check})
		if c != "rgb_raw.tiff" { // too small to be asked more often
			require.EqualError(t, err, "enough", c)
		}
		require.Positive(t, calls)
	}
}

// TestHeadersThatClaimMuch wants little memory for headers without pixels.
func TestHeadersThatClaimMuch(t *testing.T) {
	claim := func(name string, at int, order binary.ByteOrder, size int, values ...int) {
		data, err := os.ReadFile("testdata/pictures/" + name)
		require.NoError(t, err)
		for i, v := range values {
			if size == 2 {
				order.PutUint16(data[at+2*i:], uint16(v))
			} else {
				order.PutUint32(data[at+4*i:], uint32(v))
			}
		}
		allocated := damagetest.Allocated(func() { _, err = DecodeBytes(data, Options{}) })
		require.Error(t, err, name)
		require.Less(t, allocated, 1<<20, fmt.Sprint(name, err))
	}
	sof := func(name string) int {
		data, err := os.ReadFile("testdata/pictures/" + name)
		require.NoError(t, err)
		return max(bytes.Index(data, []byte("\xff\xc0\x00\x11")), bytes.Index(data, []byte("\xff\xc2\x00\x11"))) + 5
	}
	claim("restarts.jpg", sof("restarts.jpg"), binary.BigEndian, 2, 9000, 9000)
	claim("own_progressive.jpg", sof("own_progressive.jpg"), binary.BigEndian, 2, 9000, 9000)
	claim("rgb.bmp", 18, binary.LittleEndian, 4, 9000, 9000)
	claim("rgb.bmp", 18, binary.LittleEndian, 4, 1<<31-1, 1<<31-1)
	claim("rgb.bmp", 18, binary.LittleEndian, 4, 9000, 1<<32-9000)
}
