//go:build gl && cgo && (linux || windows)

package gpu

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/tensor/backend"
)

// requireGL skips where OpenGL is not to be had.
func requireGL(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		need.Missing(t, "opengl", "%v", err)
	}
}

// onContext runs f with a context current that is not the package's own, as a
// game's would be.
func onContext(t *testing.T, major, minor int, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := newContext(major, minor)
	requireGL(t, err)
	defer c.close()
	f()
}

func newTexture(format uint32, w, h int, pixels []byte) (name uint32) {
	gl.GenTextures(1, &name)
	gl.BindTexture(gl.TEXTURE_2D, name)
	gl.TexStorage2D(gl.TEXTURE_2D, 1, format, int32(w), int32(h))
	if pixels != nil {
		gl.TexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, int32(w), int32(h), gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
	}
	gl.BindTexture(gl.TEXTURE_2D, 0)
	return name
}

func texels(name uint32, w, h int) []byte {
	pixels := make([]byte, 4*w*h)
	gl.BindTexture(gl.TEXTURE_2D, name)
	gl.GetTexImage(gl.TEXTURE_2D, 0, gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pixels))
	gl.BindTexture(gl.TEXTURE_2D, 0)
	return pixels
}

// snapshot reads everything that a program may have set and that the package
// might disturb, well beyond what it is known to touch.
func snapshot() map[string]any {
	s := map[string]any{}
	for name, code := range map[string]uint32{
		"program": gl.CURRENT_PROGRAM, "pipeline": gl.PROGRAM_PIPELINE_BINDING,
		"vertex array": gl.VERTEX_ARRAY_BINDING, "array buffer": gl.ARRAY_BUFFER_BINDING,
		"uniform buffer": gl.UNIFORM_BUFFER_BINDING, "storage buffer": gl.SHADER_STORAGE_BUFFER_BINDING,
		"copy read": gl.COPY_READ_BUFFER, "copy write": gl.COPY_WRITE_BUFFER,
		"pack buffer": gl.PIXEL_PACK_BUFFER_BINDING, "unpack buffer": gl.PIXEL_UNPACK_BUFFER_BINDING,
		"indirect": gl.DISPATCH_INDIRECT_BUFFER_BINDING, "atomic": gl.ATOMIC_COUNTER_BUFFER_BINDING,
		"draw framebuffer": gl.DRAW_FRAMEBUFFER_BINDING, "read framebuffer": gl.READ_FRAMEBUFFER_BINDING,
		"active texture": gl.ACTIVE_TEXTURE, "texture": gl.TEXTURE_BINDING_2D, "sampler": gl.SAMPLER_BINDING,
		"pack alignment": gl.PACK_ALIGNMENT, "unpack alignment": gl.UNPACK_ALIGNMENT, "unpack row": gl.UNPACK_ROW_LENGTH,
		"blend": gl.BLEND, "depth": gl.DEPTH_TEST, "cull": gl.CULL_FACE, "scissor": gl.SCISSOR_TEST,
	} {
		var v [4]int32
		gl.GetIntegerv(code, &v[0])
		s[name] = v
	}
	var viewport [4]int32
	gl.GetIntegerv(gl.VIEWPORT, &viewport[0])
	s["viewport"] = viewport
	for i := range uint32(maxBindings) {
		var buffer int32
		var first, size int64
		gl.GetIntegeri_v(gl.SHADER_STORAGE_BUFFER_BINDING, i, &buffer)
		gl.GetInteger64i_v(gl.SHADER_STORAGE_BUFFER_START, i, &first)
		gl.GetInteger64i_v(gl.SHADER_STORAGE_BUFFER_SIZE, i, &size)
		s["block "+string('0'+rune(i))] = [3]int64{int64(buffer), first, size}
	}
	for i := range uint32(4) {
		var image [6]int32
		for j, code := range []uint32{gl.IMAGE_BINDING_NAME, gl.IMAGE_BINDING_LEVEL, gl.IMAGE_BINDING_LAYERED,
			gl.IMAGE_BINDING_LAYER, gl.IMAGE_BINDING_ACCESS, gl.IMAGE_BINDING_FORMAT} {
			gl.GetIntegeri_v(code, i, &image[j])
		}
		s["image "+string('0'+rune(i))] = image
	}
	return s
}

// disturb sets as much state as a game would, so that every value in a snapshot
// that the package touches differs from the default.
func disturb(t *testing.T) (texture uint32) {
	var buffers [12]uint32
	gl.GenBuffers(int32(len(buffers)), &buffers[0])
	for i, b := range buffers {
		gl.BindBuffer(gl.ARRAY_BUFFER, b)
		gl.BufferData(gl.ARRAY_BUFFER, 4096, nil, gl.STATIC_DRAW)
		if i < maxBindings {
			if i%2 == 0 {
				gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, uint32(i), b)
			} else {
				gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, uint32(i), b, 256*i, 1024)
			}
		}
	}
	gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, buffers[8])
	gl.BindBuffer(gl.COPY_READ_BUFFER, buffers[9])
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, buffers[10])
	gl.BindBuffer(gl.UNIFORM_BUFFER, buffers[11])
	program, err := compile("#version 430 core\nlayout(local_size_x=1) in;\nvoid main() {}\n")
	require.NoError(t, err)
	gl.UseProgram(program)
	texture = newTexture(gl.RGBA8, 20, 12, nil)
	other := newTexture(gl.RGBA32F, 4, 4, nil)
	gl.ActiveTexture(gl.TEXTURE0 + 3)
	gl.BindTexture(gl.TEXTURE_2D, other)
	gl.BindImageTexture(0, other, 0, false, 0, gl.READ_WRITE, gl.RGBA32F)
	gl.BindImageTexture(1, texture, 0, true, 0, gl.WRITE_ONLY, gl.RGBA8)
	gl.Viewport(3, 4, 50, 60)
	gl.Enable(gl.BLEND)
	gl.Enable(gl.SCISSOR_TEST)
	gl.PixelStorei(gl.PACK_ALIGNMENT, 2)
	return texture
}

func TestFromCurrentRestoresState(t *testing.T) {
	onContext(t, 4, 3, func() {
		d, err := FromCurrent(ProcAddress)
		require.NoError(t, err)
		texture := disturb(t)
		require.Zero(t, gl.GetError())
		before := snapshot()
		same := func(op string) { require.Equal(t, before, snapshot(), op); require.Zero(t, gl.GetError(), op) }

		x, y := d.Alloc(backend.Shape{1, 3, 12, 20}), d.Alloc(backend.Shape{1, 3, 12, 20})
		w := d.Alloc(backend.Shape{3, 3, 3, 3})
		same("Alloc")
		d.Write(w, make([]float32, 81))
		same("Write")
		require.NoError(t, d.ReadTexture(x, texture, false))
		same("ReadTexture")
		d.ConvBlock(y, x, w, nil, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: 1})
		same("ConvBlock")
		require.NoError(t, d.WriteTexture(texture, texture, y, true))
		same("WriteTexture")
		d.Read(make([]float32, 720), y)
		same("Read")
		d.Do(func() {
			d.NormBlock(y, d.Alloc(backend.Vec(3)), d.Alloc(backend.Vec(3)), x, w, w, x, backend.NormBlock{ReLU: true})
			d.Gram(d.Alloc(backend.Shape{1, 1, 3, 3}), x)
		})
		same("Do")
		d.Throttle(0)
		same("Throttle")
		d.ReadScalars(make([]float32, 1), []backend.Buffer{two(d)})
		same("ReadScalars")
		require.NoError(t, d.Sync())
		same("Sync")
		require.NoError(t, d.Close())
		same("Close")
		require.NoError(t, d.Close(), "closing twice")
		require.ErrorIs(t, d.Sync(), ErrClosed)
	})
}

func TestFromCurrentKeepsToItsThread(t *testing.T) {
	onContext(t, 4, 3, func() {
		d, err := FromCurrent(ProcAddress)
		require.NoError(t, err)
		defer d.Close()
		wrong := make(chan any)
		go func() {
			runtime.LockOSThread()
			defer func() { wrong <- recover() }()
			d.Alloc(backend.Scalar)
		}()
		require.Equal(t, errThread, <-wrong)
	})
}

func TestFromCurrentNeedsContext(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := newContext(4, 3)
	requireGL(t, err)
	c.close()
	_, err = FromCurrent(ProcAddress)
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "no OpenGL context is current")
	_, err = FromCurrent(nil)
	require.Error(t, err)
	_, err = FromCurrent(func(string) unsafe.Pointer { return nil })
	require.ErrorIs(t, err, ErrUnavailable)
}

func TestTextureRoundTrip(t *testing.T) {
	onContext(t, 4, 3, func() {
		d, err := FromCurrent(ProcAddress)
		require.NoError(t, err)
		defer d.Close()
		for _, size := range [][2]int{{1, 1}, {5, 3}, {64, 48}, {131, 70}} {
			w, h := size[0], size[1]
			pixels := testPixels(w, h)
			src, dst := newTexture(gl.RGBA8, w, h, pixels), newTexture(gl.RGBA8, w, h, make([]byte, 4*w*h))
			b := d.Alloc(backend.Shape{1, 3, h + 5, w + 7})
			for _, flip := range []bool{false, true} {
				require.NoError(t, d.ReadTexture(b, src, flip))
				got := make([]float32, b.Shape().Len())
				d.Read(got, b)
				require.Equal(t, mirrored(pixels, w, h, w+7, h+5, flip), got)
				require.NoError(t, d.WriteTexture(dst, src, b, flip))
				require.Equal(t, pixels, texels(dst, w, h))
			}
			d.Free(b)
		}
		require.NoError(t, d.Sync())
	})
}

// testPixels are bytes of many values.
func testPixels(w, h int) []byte {
	pixels := make([]byte, 4*w*h)
	for i := range pixels {
		pixels[i] = byte(i * 151 >> 2)
	}
	return pixels
}

// TestTextureView takes the way that TextureSize recommends for sRGB.
func TestTextureView(t *testing.T) {
	onContext(t, 4, 3, func() {
		d, err := FromCurrent(ProcAddress)
		require.NoError(t, err)
		defer d.Close()
		pixels := testPixels(9, 7)
		srgb := newTexture(gl.SRGB8_ALPHA8, 9, 7, pixels)
		b := d.Alloc(backend.Shape{1, 3, 7, 9})
		require.ErrorContains(t, d.ReadTexture(b, srgb, false), "glTextureView")
		var view uint32
		gl.GenTextures(1, &view)
		gl.TextureView(view, gl.TEXTURE_2D, srgb, gl.RGBA8, 0, 1, 0, 1)
		require.NoError(t, d.ReadTexture(b, view, false))
		inverted := d.Alloc(b.Shape())
		d.Fill(inverted, 255)
		d.Axpy(inverted, b, -1, true)
		require.NoError(t, d.WriteTexture(view, view, inverted, false))
		for i := range pixels {
			if i%4 != 3 {
				pixels[i] = 255 - pixels[i]
			}
		}
		require.Equal(t, pixels, texels(srgb, 9, 7))
	})
}

// mirrored is what ReadTexture must give, by walking back and forth.
func mirrored(pixels []byte, w, h, width, height int, flip bool) []float32 {
	walk := func(size, n int) []int {
		at, step, path := 0, 1, make([]int, n)
		for i := range path {
			path[i] = at
			if at+step < 0 || at+step >= size {
				step = -step
			}
			if size > 1 {
				at += step
			}
		}
		return path
	}
	xs, ys := walk(w, width), walk(h, height)
	out := make([]float32, 0, 3*width*height)
	for c := range 3 {
		for _, y := range ys {
			if flip {
				y = h - 1 - y
			}
			for _, x := range xs {
				out = append(out, float32(pixels[4*(y*w+x)+c]))
			}
		}
	}
	return out
}

func TestWriteTextureClamps(t *testing.T) {
	onContext(t, 4, 3, func() {
		d, err := FromCurrent(ProcAddress)
		require.NoError(t, err)
		defer d.Close()
		nan := float32(0)
		nan /= nan
		values := []float32{-3, -0.5, 0, 0.99, 1, 127.999, 254.999, 255, 255.5, 1e30, nan, 77}
		want := []byte{0, 0, 0, 0, 1, 127, 254, 255, 255, 255, 0, 77}
		b := d.Alloc(backend.Shape{1, 3, 1, len(values)})
		d.Write(b, append(append(append([]float32{}, values...), values...), values...))
		alpha := make([]byte, 4*len(values))
		for i := range alpha {
			alpha[i] = byte(i)
		}
		tex := newTexture(gl.RGBA8, len(values), 1, alpha)
		require.NoError(t, d.WriteTexture(tex, tex, b, false))
		got := texels(tex, len(values), 1)
		for i, v := range want {
			require.Equal(t, []byte{v, v, v, alpha[4*i+3]}, got[4*i:4*i+4], "value %v", values[i])
		}
	})
}

func TestTextureErrors(t *testing.T) {
	onContext(t, 4, 3, func() {
		d, err := FromCurrent(ProcAddress, MaxBlock(64<<10))
		require.NoError(t, err)
		defer d.Close()
		b := d.Alloc(backend.Shape{1, 3, 8, 8})
		tex := newTexture(gl.RGBA8, 8, 8, nil)
		for name, err := range map[string]error{
			"no texture":    d.ReadTexture(b, 12345, false),
			"zero":          d.ReadTexture(b, 0, false),
			"format":        d.ReadTexture(b, newTexture(gl.RGBA16F, 8, 8, nil), false),
			"small buffer":  d.ReadTexture(d.Alloc(backend.Shape{1, 3, 8, 4}), tex, false),
			"not an image":  d.WriteTexture(tex, tex, d.Alloc(backend.Shape{2, 3, 8, 8}), false),
			"alpha's size":  d.WriteTexture(tex, newTexture(gl.RGBA8, 8, 9, nil), b, false),
			"alpha missing": d.WriteTexture(tex, 0, b, false),
		} {
			require.Error(t, err, name)
		}
		large := newTexture(gl.RGBA8, 100, 100, nil)
		require.ErrorIs(t, d.ReadTexture(d.Alloc(backend.Shape{1, 3, 100, 100}), large, false), ErrTooLarge)
		require.NoError(t, d.Sync(), "arguments are no device errors")
		require.Zero(t, gl.GetError())
	})
}
