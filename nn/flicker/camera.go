package flicker

import (
	"math"

	"github.com/impasto-go/impasto/nn/imageio"
)

// layer is a part of a scene that moves as a whole: at time t, the pixel at (x, y)
// of the frame shows the picture at place(t, x, y). All is in pixels of the picture,
// relative to its center.
type layer func(t float64) similarity

// similarity scales, rotates and moves.
type similarity struct{ a, b, dx, dy float64 } // (x, y) to (a*x - b*y + dx, b*x + a*y + dy)

func (s similarity) of(x, y float64) (float64, float64) {
	return s.a*x - s.b*y + s.dx, s.b*x + s.a*y + s.dy
}

func (s similarity) inverse() similarity {
	n := s.a*s.a + s.b*s.b
	a, b := s.a/n, -s.b/n
	return similarity{a, b, -(a*s.dx - b*s.dy), -(b*s.dx + a*s.dy)}
}

// move is a motion of the camera. A scene has a background and, if front is not nil,
// an ellipse of the picture before it that moves in its own way.
type move struct {
	name        string
	back, front layer
}

// moves are those of a camera in a game, per frame at 30 frames a second. None is a
// whole number of pixels.
var moves = []move{
	{name: "pan", back: func(t float64) similarity { return similarity{1, 0, 1.7 * t, 0.9 * t} }},
	{name: "zoom", back: func(t float64) similarity { return similarity{1 / (1 + 0.015*t), 0, 0, 0} }},
	{name: "rotation", back: func(t float64) similarity {
		sin, cos := math.Sincos(0.8 * math.Pi / 180 * t)
		return similarity{cos, sin, 0, 0}
	}},
	{
		name:  "parallax",
		back:  func(t float64) similarity { return similarity{1, 0, 0.6 * t, 0} },
		front: func(t float64) similarity { return similarity{1, 0, -2.9 * t, 0.4 * t} },
	},
}

// Moves returns the names of the camera's moves, the keys of Report.Warp.
func Moves() (names []string) {
	for _, m := range moves {
		names = append(names, m.name)
	}
	return names
}

const (
	frames = 3 // of each move
	reach  = 8 // pixels at each edge that the camera may need beyond the frame
	fine   = 4 // samples per pixel along a side
)

// film renders a move over a picture.
type film struct {
	move
	picture *planes
	w, h    int // of a frame
}

// inFront tells whether the point of a layer, relative to the picture's center,
// belongs to the front.
func (f *film) inFront(x, y float64) bool {
	u, v := x/(0.22*float64(f.picture.w)), y/(0.3*float64(f.picture.h))
	return u*u+v*v <= 1
}

// center returns the offset of frame pixels from the frame's center.
func (f *film) center() (x, y float64) { return float64(f.w-1) / 2, float64(f.h-1) / 2 }

// sample returns where in the picture the frame's point (x, y) lies at time t, and
// whether it is in front.
func (f *film) sample(t, x, y float64) (u, v float64, front bool) {
	cx, cy := f.center()
	if f.front != nil {
		if u, v := f.front(t).of(x-cx, y-cy); f.inFront(u, v) {
			return u, v, true
		}
	}
	u, v = f.back(t).of(x-cx, y-cy)
	return u, v, false
}

// frame renders the frame at time t.
func (f *film) frame(t float64) *planes {
	out := &planes{f.w, f.h, make([]float32, 3*f.w*f.h)}
	px, py := float64(f.picture.w-1)/2, float64(f.picture.h-1)/2
	for y := range f.h {
		for x := range f.w {
			var sum [3]float64
			for i := range fine * fine {
				dx, dy := (float64(i%fine)+0.5)/fine-0.5, (float64(i/fine)+0.5)/fine-0.5
				u, v, _ := f.sample(t, float64(x)+dx, float64(y)+dy)
				for c, s := range f.picture.at(u+px, v+py) {
					sum[c] += s / (fine * fine)
				}
			}
			for c, s := range sum {
				out.data[(c*f.h+y)*f.w+x] = float32(s)
			}
		}
	}
	return out
}

// before returns where the point that frame t shows at (x, y) was in frame t-1, and
// whether it could be seen there, with all that lies within a pixel of it.
func (f *film) before(t float64, x, y int) (u, v float64, seen bool) {
	cx, cy := f.center()
	pu, pv, front := f.sample(t, float64(x), float64(y))
	l := f.back
	if front {
		l = f.front
	}
	u, v = l(t-1).inverse().of(pu, pv)
	u, v = u+cx, v+cy
	if u < 0 || v < 0 || u > float64(f.w-1) || v > float64(f.h-1) {
		return u, v, false
	}
	for i := range 9 {
		dx, dy := float64(i%3-1), float64(i/3-1)
		if _, _, same := f.sample(t, float64(x)+dx, float64(y)+dy); same != front {
			return u, v, false
		}
		if _, _, same := f.sample(t-1, u+dx, v+dy); same != front {
			return u, v, false
		}
	}
	return u, v, true
}

// Render returns the frame at time t, counted in frames, of a camera that moves over
// the picture m: "pan", "zoom", "rotation" or "parallax". It is 16 pixels smaller
// each way than m, rounded down to a multiple of 4. Render panics at another name.
func Render(m *imageio.Image, name string, t float64) *imageio.Image {
	for _, mv := range moves {
		if mv.name == name {
			f := &film{move: mv, picture: floats(m), w: (m.W - 2*reach) &^ 3, h: (m.H - 2*reach) &^ 3}
			out := &imageio.Image{}
			if err := imageio.FromFloats(out, f.frame(t).data, f.w, f.h, imageio.Round); err != nil {
				panic(err) // a rendered picture is finite
			}
			return out
		}
	}
	panic("flicker: no move is called " + name)
}
