//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// itemsPerGroup is how many elements a group of an element-wise shader handles.
const itemsPerGroup = 4 * groupSize

// each runs an element-wise shader on corresponding pieces of views of the same
// length. The number of elements is its first uniform, uniforms the others.
func (d *Device) each(shader, defines string, views []view, uniforms ...any) {
	d.eachOf(1, shader, defines, views, uniforms)
}

// eachOf is each for a shader that counts in elements of so many floats.
func (d *Device) eachOf(floats int, shader, defines string, views []view, uniforms []any) {
	args := argsOf(1, uniforms)
	for _, s := range d.cut(views[0].len/floats, floats) {
		var parts [maxBindings]view
		for i, v := range views {
			parts[i] = v.part(floats*s.first, floats*s.len)
		}
		args.set(0, s.len)
		d.runArgs(variant{shader: shader, defines: defines}, groupsForItems(s.len), parts[:len(views)], &args)
	}
}

func groupsForItems(n int) int { return (n + itemsPerGroup - 1) / itemsPerGroup }

// elementForm is a variant of elementwise.comp.
type elementForm struct {
	op    string
	quads bool // in vec4s
}

func (f elementForm) String() string {
	if f.quads {
		return f.op + " QUADS"
	}
	return f.op
}

// elementwise runs elementwise.comp, in quads where views are made of them: an H100 copies
// a quarter faster so.
func (d *Device) elementwise(op string, views []view, uniforms ...any) {
	f, floats := elementForm{op, true}, 4
	for _, v := range views {
		if v.first%4 != 0 || v.len%4 != 0 {
			f.quads, floats = false, 1
		}
	}
	d.eachOf(floats, "elementwise", defines(d, f), views, uniforms)
}

// Fill sets every element of dst to v.
func (d *Device) Fill(dst backend.Buffer, v float32) {
	d.elementwise("FILL", []view{whole(dst)}, v)
}

// Add sets dst = a + b. dst may be a or b.
func (d *Device) Add(dst, a, b backend.Buffer) {
	if x := b.(*buffer); x.norms.storage != nil && dst != a && dst != b {
		d.endNorm(dst.(*buffer), x, x.norms, a, 1)
		return
	}
	d.elementwise("ADD", []view{whole(dst), whole(a), whole(b)})
}

// Axpy sets dst = alpha*x, or dst += alpha*x with add.
func (d *Device) Axpy(dst, x backend.Buffer, alpha float32, add bool) {
	d.elementwise("AXPY", []view{whole(dst), whole(x)}, alpha, add)
}

// Mul sets dst = a*b, or dst += a*b with add.
func (d *Device) Mul(dst, a, b backend.Buffer, add bool) {
	d.elementwise("MUL", []view{whole(dst), whole(a), whole(b)}, add)
}

// ReLU sets dst = max(x, 0). dst may be x.
func (d *Device) ReLU(dst, x backend.Buffer) {
	d.each("relu", "", []view{whole(dst), whole(x)})
}

// ReLUGrad passes dy where the output y is positive. dx may be dy.
func (d *Device) ReLUGrad(dx, dy, y backend.Buffer, add bool) {
	d.reluGrad(whole(dx), whole(dy), whole(y), add)
}

func (d *Device) reluGrad(dx, dy, y view, add bool) {
	d.each("relu", "GRAD", []view{dx, dy, y}, add)
}

// ChannelAffine sets dst = x*scale + shift with per-channel constants.
func (d *Device) ChannelAffine(dst, x, scale, shift backend.Buffer) {
	d.perChannel("channelaffine", "", dst, x, []view{whole(scale), whole(shift)})
}

// ChannelAffineGrad computes dx = dy*scale.
func (d *Device) ChannelAffineGrad(dx, dy, scale backend.Buffer, add bool) {
	d.perChannel("channelaffine", "GRAD", dx, dy, []view{whole(scale)}, add)
}

// perChannel runs an element-wise shader that also takes vectors of per-channel
// values, in slabs of whole planes.
func (d *Device) perChannel(shader, defines string, dst, x backend.Buffer, vectors []view, uniforms ...any) {
	s := x.Shape()
	area := s[2] * s[3]
	args := argsOf(4, uniforms)
	for _, p := range d.cut(s[0]*s[1], area) {
		views := [maxBindings]view{planes(dst, p.first, p.len), planes(x, p.first, p.len)}
		bound := 2 + copy(views[2:], vectors)
		n := p.len * area
		for i, v := range [4]int{n, area, p.first, s[1]} {
			args.set(i, v)
		}
		d.runArgs(variant{shader: shader, defines: defines}, groupsForItems(n), views[:bound], &args)
	}
}
