//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// spatial runs a shader on slabs of corresponding planes of dst
// and others, whose plane sizes may differ. The number of dst's elements is the
// shader's first uniform.
func (d *Device) spatial(shader, defines string, dst backend.Buffer, others []backend.Buffer, uniforms ...any) {
	area, largest := dst.(*buffer).plane(), dst.(*buffer).plane()
	for _, b := range others {
		largest = max(largest, b.(*buffer).plane())
	}
	s := dst.Shape()
	args := argsOf(1, uniforms)
	for _, p := range d.cut(s[0]*s[1], largest) {
		views := [maxBindings]view{planes(dst, p.first, p.len)}
		for i, b := range others {
			views[1+i] = planes(b, p.first, p.len)
		}
		n := p.len * area
		args.set(0, n)
		d.runArgs(variant{shader: shader, defines: defines}, groupsForItems(n), views[:1+len(others)], &args)
	}
}

// ReflectPad mirrors pad < min(H, W) pixels at every side.
func (d *Device) ReflectPad(dst, x backend.Buffer, pad int) {
	s := x.Shape()
	d.spatial("reflectpad", "", dst, []backend.Buffer{x}, s[2], s[3], pad)
}

// ReflectPadGrad sums the gradient of every copy of a pixel.
func (d *Device) ReflectPadGrad(dx, dy backend.Buffer, pad int, add bool) {
	s := dx.Shape()
	d.spatial("reflectpad", "GRAD", dx, []backend.Buffer{dy}, s[2], s[3], pad, add)
}

// Upsample repeats every pixel factor times in both directions.
func (d *Device) Upsample(dst, x backend.Buffer, factor int) {
	d.spatial("upsample", "", dst, []backend.Buffer{x}, x.Shape()[3], factor)
}

// UpsampleGrad sums the gradient over the copies of a pixel.
func (d *Device) UpsampleGrad(dx, dy backend.Buffer, factor int, add bool) {
	d.spatial("upsample", "GRAD", dx, []backend.Buffer{dy}, dx.Shape()[3], factor, add)
}

// MaxPool2 is a 2x2 maximum with stride 2; odd last rows and columns are
// dropped.
func (d *Device) MaxPool2(dst, x backend.Buffer) {
	s := x.Shape()
	d.spatial("maxpool", "", dst, []backend.Buffer{x}, s[2], s[3])
}

// MaxPool2Grad routes dy to the first maximum of each window in row order.
func (d *Device) MaxPool2Grad(dx, dy, x, _ backend.Buffer, add bool) {
	s := x.Shape()
	d.spatial("maxpool", "GRAD", dx, []backend.Buffer{x, dy}, s[2], s[3], add)
}
