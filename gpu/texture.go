//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"

	"github.com/go-gl/gl/v4.3-core/gl"

	"github.com/impasto-go/impasto/tensor/backend"
)

// TextureSize returns the size in pixels of the first level of a 2D texture
// of format GL_RGBA8, and an error for any other. The texture must belong to the
// device's context. OpenGL's shaders cannot write to GL_SRGB8_ALPHA8: make a
// GL_RGBA8 view of such a texture with glTextureView, which keeps its bytes.
func (d *Device) TextureSize(texture uint32) (width, height int, err error) {
	err = ErrClosed
	d.wait(func() {
		d.checkError("before TextureSize")
		var w, h, format int32
		gl.BindTexture(gl.TEXTURE_2D, texture)
		gl.GetTexLevelParameteriv(gl.TEXTURE_2D, 0, gl.TEXTURE_WIDTH, &w)
		gl.GetTexLevelParameteriv(gl.TEXTURE_2D, 0, gl.TEXTURE_HEIGHT, &h)
		gl.GetTexLevelParameteriv(gl.TEXTURE_2D, 0, gl.TEXTURE_INTERNAL_FORMAT, &format)
		failed := gl.GetError() != gl.NO_ERROR
		gl.BindTexture(gl.TEXTURE_2D, 0)
		switch {
		case failed || texture == 0 || w == 0 || h == 0:
			err = fmt.Errorf("gpu: %d is no 2D texture with pixels in the device's context", texture)
		case format == gl.SRGB8_ALPHA8:
			err = fmt.Errorf("gpu: texture %d is GL_SRGB8_ALPHA8: pass a GL_RGBA8 view of it (glTextureView)", texture)
		case format != gl.RGBA8:
			err = fmt.Errorf("gpu: texture %d has the internal format %#x: need GL_RGBA8 (%#x)", texture, format, gl.RGBA8)
		default:
			width, height, err = int(w), int(h), nil
		}
	})
	return width, height, err
}

// ReadTexture copies the colors of a texture, 0 to 255, to dst {1, 3, H, W}
// without a trip through main memory. dst may be larger than the texture: the
// rest, at the right and the bottom, mirrors it without repeating the edge. With
// flip the texture's last row becomes the first, as for pictures that OpenGL
// rendered.
//
// The copy is queued like any operation; the error says what is wrong with the
// arguments. A dst beyond Info.MaxBlock bytes is ErrTooLarge.
func (d *Device) ReadTexture(dst backend.Buffer, texture uint32, flip bool) error {
	w, h, err := d.checkTexture(dst, texture)
	if err != nil {
		return err
	}
	s, v := dst.Shape(), whole(dst)
	d.submit(func() {
		d.runOnTextures([imageUnits]image{{texture, gl.READ_ONLY}}, "READ", groupsForItems(s[2]*s[3]), v,
			s[2], s[3], w, h, flip)
	})
	return nil
}

// WriteTexture copies the top left of src {1, 3, H, W} to the texture dst:
// colors clamped to 0..255 and truncated, as PyTorch's clamp and uint8 do, and
// the alpha of the texture alpha, of the same size, which may be dst itself.
// flip is as for ReadTexture.
func (d *Device) WriteTexture(dst, alpha uint32, src backend.Buffer, flip bool) error {
	w, h, err := d.checkTexture(src, dst)
	if err != nil {
		return err
	}
	if aw, ah, err := d.TextureSize(alpha); err != nil {
		return err
	} else if aw != w || ah != h {
		return fmt.Errorf("gpu: the texture for alpha is %dx%d, the destination %dx%d", aw, ah, w, h)
	}
	s, v := src.Shape(), whole(src)
	d.submit(func() {
		d.runOnTextures([imageUnits]image{{alpha, gl.READ_ONLY}, {dst, gl.WRITE_ONLY}}, "WRITE", groupsForItems(w*h), v,
			s[2], s[3], w, h, flip)
	})
	return nil
}

// checkTexture returns the size of a texture whose pixels fit into b.
func (d *Device) checkTexture(b backend.Buffer, texture uint32) (width, height int, err error) {
	w, h, err := d.TextureSize(texture)
	if err != nil {
		return 0, 0, err
	}
	d.forgetMoments()
	s := b.Shape()
	switch {
	case s[0] != 1 || s[1] != 3 || s[2] < h || s[3] < w:
		return 0, 0, fmt.Errorf("gpu: a %dx%d texture needs a tensor 1×3×%d×%d or larger, not %v", w, h, h, w, s)
	case s.Len()*floatSize > d.limits.block:
		return 0, 0, fmt.Errorf("%w: a %dx%d texture needs %d bytes in one block, the limit is %d",
			ErrTooLarge, w, h, s.Len()*floatSize, d.limits.block)
	}
	return w, h, nil
}

// runOnTextures dispatches texture.comp on textures that others draw to and sample.
// What they did before comes before, their shaders' stores and fetches included;
// what they do next, an upload included, comes after the dispatch has read and
// written its pixels.
func (d *Device) runOnTextures(images [imageUnits]image, defines string, groups int, planes view, uniforms ...any) {
	d.barrier(gl.ALL_BARRIER_BITS)
	a := argsOf(0, uniforms)
	j := newJob(variant{shader: "texture", defines: defines}, groups, 0, []view{planes}, &a)
	j.images = images
	d.do(task{job: j})
	d.barrier(gl.ALL_BARRIER_BITS)
	d.stream.settle()
}
