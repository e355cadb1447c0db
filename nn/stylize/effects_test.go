package stylize_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
)

func TestStrength(t *testing.T) {
	session := newSession(t, small(t))
	in := scene(45, 38)
	full, err := session.Image(in)
	require.NoError(t, err)
	for _, strength := range []float32{0, 0.25, 0.5, 1} {
		session.Strength = strength
		got, err := session.Image(in)
		require.NoError(t, err)
		for i := range in.Pix {
			want := float32(in.Pix[i]) + strength*(float32(full.Pix[i])-float32(in.Pix[i]))
			require.InDelta(t, want, float32(got.Pix[i]), 1.001)
		}
		if strength == 0 {
			require.Equal(t, in.Pix, got.Pix)
		}
	}
}

// TestKeepColor wants the luma of the stylized picture and the chroma of the
// original where nothing is clipped.
func TestKeepColor(t *testing.T) {
	session := newSession(t, small(t))
	in := scene(45, 38)
	full, err := session.Image(in)
	require.NoError(t, err)
	session.KeepColor = true
	got, err := session.Image(in)
	require.NoError(t, err)
	checked := 0
	for i := 0; i < len(in.Pix); i += 3 {
		src, styled, c := in.Pix[i:i+3], full.Pix[i:i+3], got.Pix[i:i+3]
		if min(c[0], c[1], c[2]) == 0 || max(c[0], c[1], c[2]) == 255 {
			continue
		}
		checked++
		y, cb, cr := ycc(c)
		wantY, _, _ := ycc(styled)
		_, wantCb, wantCr := ycc(src)
		require.InDelta(t, wantY, y, 2)
		require.InDelta(t, wantCb, cb, 1)
		require.InDelta(t, wantCr, cr, 1)
	}
	require.Greater(t, checked, 45*38/4)
}

// ycc is JPEG's conversion to YCbCr.
func ycc(c []uint8) (y, cb, cr float64) {
	r, g, b := float64(c[0]), float64(c[1]), float64(c[2])
	return 0.299*r + 0.587*g + 0.114*b, -0.168736*r - 0.331264*g + 0.5*b, 0.5*r - 0.418688*g - 0.081312*b
}

func TestMask(t *testing.T) {
	session := newSession(t, small(t))
	in := scene(48, 40)
	full, err := session.Image(in)
	require.NoError(t, err)
	m := imageio.New(48, 40)
	for i := range 48 * 40 {
		v := uint8(0)
		switch x := i % 48; {
		case x >= 32:
			v = 255
		case x >= 16:
			v = 128
		}
		m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2] = v, v, v
	}
	require.NoError(t, session.SetMask(m))
	got, err := session.Image(in)
	require.NoError(t, err)
	for i := range in.Pix {
		switch x := i / 3 % 48; {
		case x < 16:
			require.Equal(t, in.Pix[i], got.Pix[i])
		case x >= 32:
			require.Equal(t, full.Pix[i], got.Pix[i])
		default:
			require.InDelta(t, (float64(in.Pix[i])+float64(full.Pix[i]))/2, float64(got.Pix[i]), 2)
		}
	}

	// A mask of another size is resized: here from two pixels.
	two := &imageio.Image{W: 2, H: 1, Pix: []uint8{0, 0, 0, 255, 255, 255}}
	require.NoError(t, session.SetMask(two))
	got, err = session.Image(in)
	require.NoError(t, err)
	for y := range 40 {
		require.Equal(t, in.Pix[3*48*y:][:9], got.Pix[3*48*y:][:9])
		require.Equal(t, full.Pix[3*(48*y+45):][:9], got.Pix[3*(48*y+45):][:9])
	}

	// Transparent parts of a mask are black.
	require.NoError(t, session.SetMask(&imageio.Image{W: 1, H: 1, Pix: []uint8{255, 255, 255}, Alpha: []uint8{0}}))
	got, err = session.Image(in)
	require.NoError(t, err)
	require.Equal(t, in.Pix, got.Pix)

	require.NoError(t, session.SetMask(nil))
	got, err = session.Image(in)
	require.NoError(t, err)
	require.Equal(t, full.Pix, got.Pix)
}

// TestMaskOfEachPicture wants a mask to fit every picture, and every tile of it.
func TestMaskOfEachPicture(t *testing.T) {
	model := small(t)
	plain, masked := newSession(t, model, stylize.Memory(1)), newSession(t, model, stylize.Memory(1))
	require.NoError(t, masked.SetMask(&imageio.Image{W: 2, H: 1, Pix: []uint8{0, 0, 0, 255, 255, 255}}))
	for _, size := range [][2]int{{400, 48}, {400, 72}, {480, 72}} {
		w, h := size[0], size[1]
		in := scene(w, h)
		full, err := plain.Image(in)
		require.NoError(t, err)
		got, err := masked.Image(in)
		require.NoError(t, err)
		for y := range h {
			row, n := 3*w*y, 3*w/4-3
			require.Equal(t, in.Pix[row:][:n], got.Pix[row:][:n], "%dx%d", w, h)
			require.Equal(t, full.Pix[row+3*w-n:][:n], got.Pix[row+3*w-n:][:n], "%dx%d", w, h)
		}
	}
}

// TestHiddenColors wants a sprite to look the same whatever colors its
// transparent pixels hide, and as if its surroundings went on with its own.
func TestHiddenColors(t *testing.T) {
	session := newSession(t, small(t))
	sprite := func(hidden uint8) *imageio.Image {
		m := scene(60, 44)
		m.Alpha = make([]uint8, 60*44)
		for i := range m.Alpha {
			x, y := i%60-30, i/60-22
			if x*x+y*y < 15*15 {
				m.Alpha[i] = 255
				m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2] = 200, 120, 40
			} else {
				m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2] = hidden, hidden, 255-hidden
			}
		}
		return m
	}
	black, err := session.Image(sprite(0))
	require.NoError(t, err)
	white, err := session.Image(sprite(255))
	require.NoError(t, err)
	require.Equal(t, black, white)

	flat := imageio.New(60, 44)
	for i := range 60 * 44 {
		copy(flat.Pix[3*i:], []uint8{200, 120, 40})
	}
	want, err := session.Image(flat)
	require.NoError(t, err)
	require.Equal(t, want.Pix, black.Pix, "one color bleeds everywhere")

	clear := sprite(9)
	for i := range clear.Alpha {
		clear.Alpha[i] = 0
	}
	_, err = session.Image(clear)
	require.NoError(t, err, "nothing is visible at all")
}

func TestLatest(t *testing.T) {
	model := small(t)
	in := scene(24, 16)
	session := newSession(t, model)
	want, err := session.Image(in)
	require.NoError(t, err)

	latest := stylize.NewLatest(session)
	dst := make([]byte, 24*16*4)
	_, _, fresh, err := latest.Fetch(dst)
	require.NoError(t, err)
	require.False(t, fresh)
	require.Error(t, latest.Submit(dst, 24, 17, 96))
	fetch := func() {
		require.Eventually(t, func() bool {
			w, h, fresh, err := latest.Fetch(dst)
			require.NoError(t, err)
			require.True(t, !fresh || w == 24 && h == 16)
			return fresh
		}, 5*time.Minute, time.Millisecond)
	}
	src := rgba(in, 100)
	require.NoError(t, latest.Submit(src, 24, 16, 100))
	clear(src) // the frame was copied
	fetch()
	require.Equal(t, want.Pix, fromRGBA(dst, 24, 16, 96).Pix)
	_, _, fresh, err = latest.Fetch(dst)
	require.NoError(t, err)
	require.False(t, fresh, "every result is handed out once")
	for range 50 {
		require.NoError(t, latest.Submit(rgba(in, 96), 24, 16, 96))
	}
	fetch()
	_, _, fresh, _ = latest.Fetch(dst[:10])
	require.False(t, fresh)
	latest.Close()

	session.Strength = 2
	latest = stylize.NewLatest(session)
	defer latest.Close()
	require.NoError(t, latest.Submit(rgba(in, 96), 24, 16, 96))
	require.Eventually(t, func() bool {
		_, _, _, err := latest.Fetch(dst)
		return err != nil
	}, 5*time.Minute, time.Millisecond)
	require.ErrorContains(t, latest.Submit(dst, 24, 16, 96), "strength")
}
