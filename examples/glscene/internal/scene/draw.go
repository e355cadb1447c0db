package scene

import "math"

// Frame is what a game draws, row by row from the top.
type Frame struct {
	Width, Height int
	Color         []uint8   // RGBA
	Motion        []float32 // pixels that a point has moved since the last frame, to the right and down
	Depth         []float32 // distance from the camera
	Before        []float32 // that distance in the last frame
	Box           []uint8   // number of the box
}

// NewFrame returns an empty frame.
func NewFrame(width, height int) *Frame {
	n := width * height
	return &Frame{
		Width: width, Height: height, Color: make([]uint8, 4*n), Motion: make([]float32, 2*n),
		Depth: make([]float32, n), Before: make([]float32, n), Box: make([]uint8, n),
	}
}

// vertex is a corner of a triangle.
type vertex struct {
	x, y, w             float64 // clip coordinates
	beforeX, beforeY, b float64 // in the last frame
	u, v                float64 // on the face
}

func mix(a, b vertex, t float64) vertex {
	lerp := func(a, b float64) float64 { return a + t*(b-a) }
	return vertex{
		lerp(a.x, b.x), lerp(a.y, b.y), lerp(a.w, b.w), lerp(a.beforeX, b.beforeX), lerp(a.beforeY, b.beforeY), lerp(a.b, b.b),
		lerp(a.u, b.u), lerp(a.v, b.v),
	}
}

// Draw draws the world.
func (f *Frame) Draw(w *World) {
	for i := range f.Depth {
		f.Depth[i] = math.MaxFloat32
	}
	for i := range w.Boxes {
		b := &w.Boxes[i]
		for face := range 6 {
			var corners [4]vertex
			for k, uv := range [4][2]float64{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}} {
				corners[k] = b.corner(face, uv[0], uv[1])
			}
			f.polygon(b, i, face, corners[:])
		}
	}
}

// corner returns a point of a face.
func (b *Box) corner(face int, u, v float64) vertex {
	side := 1 - 2*float64(face%2)
	p := [3][3]float64{{side, u, v}, {u, side, v}, {u, v, side}}[face/2]
	at := func(m *[16]float32, row int) float64 {
		return float64(m[row])*p[0] + float64(m[4+row])*p[1] + float64(m[8+row])*p[2] + float64(m[12+row])
	}
	return vertex{at(&b.Now, 0), at(&b.Now, 1), at(&b.Now, 3), at(&b.Before, 0), at(&b.Before, 1), at(&b.Before, 3), u, v}
}

// polygon draws what of a face is before the camera.
func (f *Frame) polygon(b *Box, number, face int, corners []vertex) {
	var kept [8]vertex
	n := 0
	for i, c := range corners {
		next := corners[(i+1)%len(corners)]
		if c.w >= nearest {
			kept[n] = c
			n++
		}
		if (c.w >= nearest) != (next.w >= nearest) {
			kept[n] = mix(c, next, (nearest-c.w)/(next.w-c.w))
			n++
		}
	}
	for i := 2; i < n; i++ {
		f.triangle(b, number, face, kept[0], kept[i-1], kept[i])
	}
}

// triangle draws a triangle, its values correct in perspective.
func (f *Frame) triangle(b *Box, number, face int, corners ...vertex) {
	var x, y [3]float64
	left, right, top, bottom := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for i, c := range corners {
		x[i], y[i] = f.column(c.x, c.w), f.row(c.y, c.w)
		left, right = min(left, x[i]), max(right, x[i])
		top, bottom = min(top, y[i]), max(bottom, y[i])
	}
	area := (x[1]-x[0])*(y[2]-y[0]) - (x[2]-x[0])*(y[1]-y[0])
	if area == 0 {
		return
	}
	for row := max(0, int(math.Ceil(top))); row <= min(f.Height-1, int(bottom)); row++ {
		for column := max(0, int(math.Ceil(left))); column <= min(f.Width-1, int(right)); column++ {
			px, py := float64(column), float64(row)
			var share [3]float64
			inside := true
			var sum float64
			for i := range 3 {
				j, k := (i+1)%3, (i+2)%3
				share[i] = ((x[k]-x[j])*(py-y[j]) - (y[k]-y[j])*(px-x[j])) / area
				inside = inside && share[i] >= 0
				share[i] /= corners[i].w
				sum += share[i]
			}
			at := row*f.Width + column
			if !inside || 1/sum >= float64(f.Depth[at]) {
				continue
			}
			var p vertex
			for i, c := range corners {
				s := share[i] / sum
				p.beforeX += s * c.beforeX
				p.beforeY += s * c.beforeY
				p.b += s * c.b
				p.u += s * c.u
				p.v += s * c.v
			}
			f.Depth[at], f.Before[at], f.Box[at] = float32(1/sum), float32(p.b), uint8(number)
			f.Motion[2*at] = float32(px - f.column(p.beforeX, p.b))
			f.Motion[2*at+1] = float32(py - f.row(p.beforeY, p.b))
			shade := float64(b.Light[face]) * pattern(p.u, p.v)
			for c := range 3 {
				f.Color[4*at+c] = uint8(255*min(1, shade*float64(b.Tint[c])) + 0.5)
			}
			f.Color[4*at+3] = 255
		}
	}
}

// column and row are where clip coordinates lie among pixels.
func (f *Frame) column(x, w float64) float64 { return (x/w+1)/2*float64(f.Width) - 0.5 }
func (f *Frame) row(y, w float64) float64    { return (1-y/w)/2*float64(f.Height) - 0.5 }

// pattern is what is painted on the faces.
func pattern(u, v float64) float64 {
	return 0.8 + 0.2*math.Sin(7*u+2*v)*math.Sin(6*v-u)
}

// Moved returns where the point at column x and row y of the frame was in the frame
// last, and whether it could be seen there, with all within a pixel of it.
func (f *Frame) Moved(last *Frame, x, y int) (u, v float64, seen bool) {
	i := y*f.Width + x
	u, v = float64(x)-float64(f.Motion[2*i]), float64(y)-float64(f.Motion[2*i+1])
	if !(u >= 0 && v >= 0 && u <= float64(f.Width-1) && v <= float64(f.Height-1)) {
		return u, v, false
	}
	nu, nv := int(u+0.5), int(v+0.5)
	for k := range 9 {
		dx, dy := k%3-1, k/3-1
		if f.box(x+dx, y+dy) != f.Box[i] || last.box(nu+dx, nv+dy) != f.Box[i] {
			return u, v, false
		}
	}
	// A box may have turned another face to the camera.
	d := last.Depth[nv*f.Width+nu] - f.Before[i]
	return u, v, max(d, -d) <= 0.02*f.Before[i]
}

// box returns the number of the box at a pixel, those beyond the edge included.
func (f *Frame) box(x, y int) uint8 {
	return f.Box[min(max(y, 0), f.Height-1)*f.Width+min(max(x, 0), f.Width-1)]
}
