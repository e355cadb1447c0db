package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"github.com/hajimehoshi/ebiten/v2"
	"github.com/hajimehoshi/ebiten/v2/ebitenutil"
	"github.com/hajimehoshi/ebiten/v2/inpututil"
	"github.com/hajimehoshi/ebiten/v2/vector"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/stylize"
)

// game draws a scene to an image of its own and shows that or its styled form.
type game struct {
	latest   *stylize.Latest
	scene    *ebiten.Image
	styled   *ebiten.Image
	pixels   []byte // on the way to and from the session
	strength float64
	off      bool
	tick     int
	frames   int // styled so far
	shot     string
}

func newGame(session *stylize.Session, width, height int, shot string) *game {
	return &game{
		latest:   stylize.NewLatest(session),
		scene:    ebiten.NewImage(width, height),
		styled:   ebiten.NewImage(width, height),
		pixels:   make([]byte, 4*width*height),
		strength: 1,
		shot:     shot,
	}
}

// Update moves the scene on and reads the keys.
func (g *game) Update() error {
	g.tick++
	if inpututil.IsKeyJustPressed(ebiten.KeySpace) {
		g.off = !g.off
	}
	if ebiten.IsKeyPressed(ebiten.KeyUp) {
		g.strength = min(1, g.strength+0.02)
	}
	if ebiten.IsKeyPressed(ebiten.KeyDown) {
		g.strength = max(0, g.strength-0.02)
	}
	return g.exchange()
}

// exchange hands the scene to the session and takes what it has finished. The
// scene is opaque, so its premultiplied pixels, which ReadPixels and WritePixels
// deal in, are straight ones too.
func (g *game) exchange() error {
	_, _, fresh, err := g.latest.Fetch(g.pixels)
	if err != nil {
		return err
	}
	if fresh {
		g.styled.WritePixels(g.pixels)
		if g.frames++; g.frames == 3 && g.shot != "" {
			return g.save()
		}
	}
	if g.frames > 0 && !fresh {
		return nil // still busy: do not stall the GPU by reading back in vain
	}
	g.draw()
	g.scene.ReadPixels(g.pixels)
	size := g.scene.Bounds()
	return g.latest.Submit(g.pixels, size.Dx(), size.Dy(), 4*size.Dx())
}

// save writes the last styled frame and ends the game.
func (g *game) save() error {
	size := g.scene.Bounds()
	err := atomicfile.Write(g.shot, func(w io.Writer) error {
		return png.Encode(w, &image.NRGBA{Pix: g.pixels, Stride: 4 * size.Dx(), Rect: size})
	})
	if err != nil {
		return err
	}
	return ebiten.Termination
}

// draw paints the scene: hills, a sun and a few balls.
func (g *game) draw() {
	size := g.scene.Bounds()
	w, h, t := float64(size.Dx()), float64(size.Dy()), float64(g.tick)/60
	for y := range size.Dy() {
		v := float64(y) / h
		vector.DrawFilledRect(g.scene, 0, float32(y), float32(w), 1, color.RGBA{uint8(70 + 150*v), uint8(130 + 80*v), 225, 255}, false)
	}
	circle := func(x, y, r float64, c color.Color) {
		vector.DrawFilledCircle(g.scene, float32(x), float32(y), float32(r), c, true)
	}
	circle(w*0.75, h*0.25, h/8, color.RGBA{255, 220, 90, 255})
	for x := range size.Dx() {
		hill := h * (0.7 + 0.12*math.Sin(float64(x)/w*7+t/3) + 0.05*math.Sin(float64(x)/w*19))
		vector.DrawFilledRect(g.scene, float32(x), float32(hill), 1, float32(h-hill), color.RGBA{60, uint8(110 + x%40), 50, 255}, false)
	}
	for i := range 6 {
		a := t + float64(i)*math.Pi/3
		circle(w*(0.5+0.35*math.Cos(a)), h*(0.6-0.3*math.Abs(math.Sin(a*1.5))), h/14, color.RGBA{uint8(40 * i), uint8(230 - 35*i), 160, 255})
	}
}

// Draw shows the styled frame over the scene.
func (g *game) Draw(screen *ebiten.Image) {
	g.draw()
	screen.DrawImage(g.scene, nil)
	if !g.off && g.frames > 0 {
		o := &ebiten.DrawImageOptions{}
		o.ColorScale.ScaleAlpha(float32(g.strength))
		screen.DrawImage(g.styled, o)
	}
	ebitenutil.DebugPrint(screen, fmt.Sprintf("%.0f fps, %.0f%% style (space, up, down)", ebiten.ActualFPS(), 100*g.strength))
}

// Layout keeps the size of the scene whatever the window's.
func (g *game) Layout(int, int) (int, int) { return g.scene.Bounds().Dx(), g.scene.Bounds().Dy() }
