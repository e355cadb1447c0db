// Package scene is the scene that glscene styles: boxes that turn in a room, seen by a
// camera that moves, with the motion of every pixel. World says where things are, Draw
// draws them in Go, and Scene with OpenGL, which needs cgo and the tag gl on Linux.
package scene

import "math"

// World is the scene at one moment and at the frame before.
type World struct {
	Boxes []Box
}

// Box is a cube of corners ±1 in its own coordinates. The first is the room.
type Box struct {
	// Now and Before take a point to clip coordinates, in this frame and the last one,
	// column by column. W is the distance from the camera.
	Now, Before [16]float32
	Tint        [4]float32
	Light       [8]float32 // of the faces: +x, -x, +y, -y, +z, -z
}

const (
	boxCount  = 41
	nearest   = 0.1 // distance that is seen
	frameTime = 1.0 / 30
)

// At returns the world in frame n of a camera for frames of the given aspect. Shot is
// where the camera stands: another one is another scene. In the first frame nothing
// has moved yet.
func At(n, shot int, aspect float64) *World {
	t := float64(n) * frameTime
	before := t - frameTime
	if n == 0 {
		before = t
	}
	w := &World{Boxes: make([]Box, boxCount)}
	now, last := camera(t, shot, aspect), camera(before, shot, aspect)
	for i := range w.Boxes {
		b := &w.Boxes[i]
		place := model(i, t)
		b.Now, b.Before = now.times(place).floats(), last.times(model(i, before)).floats()
		id := float64(i)
		b.Tint = [4]float32{float32(0.15 + 0.85*hash(id+0.1)), float32(0.15 + 0.85*hash(id+0.2)), float32(0.15 + 0.85*hash(id+0.3)), 1}
		if i == 0 {
			b.Tint = [4]float32{0.55, 0.7, 0.85, 1}
		}
		for face := range 6 {
			b.Light[face] = float32(light(place, face))
		}
	}
	return w
}

// matrix takes points (x, y, z, 1), row by row.
type matrix [4][4]float64

func (m matrix) times(n matrix) (out matrix) {
	for i := range 4 {
		for j := range 4 {
			for k := range 4 {
				out[i][j] += m[i][k] * n[k][j]
			}
		}
	}
	return out
}

func (m matrix) floats() (out [16]float32) {
	for i := range 4 {
		for j := range 4 {
			out[4*j+i] = float32(m[i][j])
		}
	}
	return out
}

func hash(n float64) float64 {
	v := math.Sin(n*12.9898+4.1) * 43758.5453
	return v - math.Floor(v)
}

// turn rotates by a around the vertical axis, then by b around the horizontal one.
func turn(a, b float64) matrix {
	sa, ca := math.Sincos(a)
	sb, cb := math.Sincos(b)
	return matrix{{ca, 0, sa, 0}, {0, 1, 0, 0}, {-sa, 0, ca, 0}, {0, 0, 0, 1}}.times(
		matrix{{1, 0, 0, 0}, {0, cb, -sb, 0}, {0, sb, cb, 0}, {0, 0, 0, 1}})
}

func move(x, y, z float64) matrix {
	return matrix{{1, 0, 0, x}, {0, 1, 0, y}, {0, 0, 1, z}, {0, 0, 0, 1}}
}

func scale(s float64) matrix {
	return matrix{{s, 0, 0, 0}, {0, s, 0, 0}, {0, 0, s, 0}, {0, 0, 0, 1}}
}

// model places a box.
func model(i int, t float64) matrix {
	if i == 0 {
		return move(0, 0, -4).times(scale(14))
	}
	id := float64(i)
	at := move(9*hash(id)-4.5, 5*hash(id+0.4)-2.5+0.2*math.Sin(t+id), -4-9*hash(id+0.5))
	spin := turn(0.7*t*(hash(id+0.6)-0.5)+id, 0.7*t*(hash(id+0.7)-0.5)+2*id)
	return at.times(spin).times(scale(0.25 + 0.55*hash(id+0.8)))
}

// camera takes points of the world to clip coordinates.
func camera(t float64, shot int, aspect float64) matrix {
	s := float64(shot)
	eye := move(-1.3*math.Sin(0.8*t+s), 0.3*math.Sin(1.1*t)-0.5*s, -1.5*math.Sin(0.5*t))
	view := turn(0.2*math.Sin(0.6*t)+0.5*s, 0.05*math.Cos(0.9*t)).times(eye)
	const focal = 1.6
	return matrix{{focal / aspect, 0, 0, 0}, {0, focal, 0, 0}, {0, 0, -1.002, -0.2}, {0, 0, -1, 0}}.times(view)
}

// light is how bright a face of a box is.
func light(m matrix, face int) float64 {
	sign := 1 - 2*float64(face%2)
	var dot, length float64
	for i, to := range [3]float64{0.45, 0.72, 0.54} {
		n := sign * m[i][face/2]
		dot += n * to
		length += n * n
	}
	return 0.35 + 0.65*max(0, dot/math.Sqrt(length))
}
