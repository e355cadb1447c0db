//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// matrix is how a sum sees a view: element i of row r is at index
// r*rowStep + i*columnStep.
type matrix struct {
	view
	rows, columns       int
	rowStep, columnStep int
}

// inGroups reports whether groups with shared memory sum the rows: where rows are so
// long that their elements, not their number, make the work, and not a group's loads
// that lie apart.
func (d *Device) inGroups(columns, columnStep int) bool {
	return d.shared() && columns >= 256 && columnStep == 1
}

// inRows reports whether groups sum some whole rows each: where elements of a row lie
// apart, as in shares of a weight gradient, and several threads have some of them.
func (d *Device) inRows(columns, columnStep int) bool {
	return d.shared() && columns >= acrossRows && columnStep != 1
}

// acrossRows is the number of rows of a group of reduce.comp with ACROSS, and of the
// threads for each.
const acrossRows = 8

// sumParts is how many threads or groups share the sum over a row: enough to fill a
// device, with at least 64 elements each, or 1024. It depends on nothing but the shape,
// so that results do not either.
func (d *Device) sumParts(rows, columns, columnStep int) int {
	if d.inRows(columns, columnStep) {
		return 1
	}
	least, most := 64, 1<<14
	if d.inGroups(columns, columnStep) {
		least, most = 1024, 1<<12
		if columns <= 1<<12 && rows == 1 {
			return 1
		}
	}
	return max(1, min((columns+least-1)/least, most/max(rows, 1)))
}

// sum sets dst[r] (+)= scale * the sum of row r of x, in passes that shorten
// the rows.
func (d *Device) sum(dst view, x matrix, scale float32, add bool) {
	for {
		parts := d.sumParts(x.rows, x.columns, x.columnStep)
		if parts == 1 {
			d.sumPass(dst, "", x, nil, 1, scale, add)
			return
		}
		out := d.scratch(x.rows * parts)
		d.sumPass(out, "", x, nil, parts, 1, false)
		defer d.recycle(out.storage)
		x = matrix{view: out, rows: x.rows, columns: parts, rowStep: parts, columnStep: 1}
	}
}

// sumPass sums every row of x by parts threads; y is the second operand of
// DIFFERENCES.
func (d *Device) sumPass(dst view, defines string, x matrix, y []view, parts int, scale float32, add bool) {
	views := [3]view{dst, x.view}
	bound := 2 + copy(views[2:], y)
	if d.inGroups(x.columns, x.columnStep) {
		d.runShared("reduce", defines, x.rows*parts, views[:bound],
			x.rows, x.columns, x.rowStep, x.columnStep, parts, scale, add)
		return
	}
	if d.inRows(x.columns, x.columnStep) {
		d.runShared("reduce", "ACROSS", (x.rows+acrossRows-1)/acrossRows, views[:bound],
			x.rows, x.columns, x.rowStep, x.columnStep, parts, scale, add)
		return
	}
	d.run("reduce", defines, groupsFor(x.rows*parts), views[:bound],
		x.rows, x.columns, x.rowStep, x.columnStep, parts, scale, add)
}

// sumOf sets dst to scale times the sum over all elements of x, squared or
// subtracted from y's as defines says.
func (d *Device) sumOf(dst view, defines string, x view, y []view, scale float32) {
	atOnce := min(x.len, d.atOnce(1))
	parts := d.sumParts(1, atOnce, 1)
	out := d.scratch((x.len + atOnce - 1) / atOnce * parts)
	defer d.recycle(out.storage)
	for i, s := range d.cut(x.len, 1) {
		var room [1]view
		other := room[:len(y)]
		for k, v := range y {
			other[k] = v.part(s.first, s.len)
		}
		m := matrix{view: x.part(s.first, s.len), rows: 1, columns: s.len, columnStep: 1}
		d.sumPass(out.part(i*parts, parts), defines, m, other, parts, 1, false)
	}
	d.sum(dst, matrix{view: out, rows: 1, columns: out.len, columnStep: 1}, scale, false)
}

// sumPlanes sets dst[c] (+)= the sum over all pixels of channel c of x.
func (d *Device) sumPlanes(dst, x backend.Buffer, add bool) {
	s := x.Shape()
	area := s[2] * s[3]
	sums := d.scratch(s[0] * s[1])
	defer d.recycle(sums.storage)
	for _, p := range d.cut(s[0]*s[1], area) {
		d.sum(sums.part(p.first, p.len),
			matrix{view: planes(x, p.first, p.len), rows: p.len, columns: area, rowStep: area, columnStep: 1}, 1, false)
	}
	d.sum(whole(dst), matrix{view: sums, rows: s[1], columns: s[0], rowStep: 1, columnStep: s[1]}, 1, add)
}

// MSE sets the scalar dst = weight * mean((a-b)²).
func (d *Device) MSE(dst, a, b backend.Buffer, weight float32) {
	d.sumOf(whole(dst), "DIFFERENCES", whole(a), []view{whole(b)}, weight/float32(a.Shape().Len()))
}

// MSEGrad computes da = dloss * weight * 2*(a-b)/len(a); dloss is a scalar.
func (d *Device) MSEGrad(da, dloss, a, b backend.Buffer, weight float32, add bool) {
	scale := weight * 2 / float32(a.Shape().Len())
	for _, s := range d.cut(a.Shape().Len(), 1) {
		views := []view{whole(da).part(s.first, s.len), whole(dloss), whole(a).part(s.first, s.len), whole(b).part(s.first, s.len)}
		d.run("mse", "", groupsForItems(s.len), views, s.len, scale, add)
	}
}

// SumSquares sets the scalar dst to the sum of squares of x.
func (d *Device) SumSquares(dst, x backend.Buffer) {
	d.sumOf(whole(dst), "SQUARES", whole(x), nil, 1)
}
