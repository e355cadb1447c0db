package studio

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/impasto-go/impasto/nn/imageio"
)

// The layout of a card as a picture, in pixels: as wide as pages show what is shared.
const (
	pngWidth, pngHeight = 1200, 630
	pngPicture          = 760 // width of the picture at its left
	pngMargin           = 36
)

var (
	pngPaper  = color.NRGBA{0xf6, 0xf5, 0xf2, 0xff}
	pngInk    = color.NRGBA{0x24, 0x26, 0x2b, 0xff}
	pngFaint  = color.NRGBA{0x6a, 0x6d, 0x75, 0xff}
	pngAccent = color.NRGBA{0xd4, 0x54, 0x1c, 0xff}
)

// png draws the card: before and after in one picture, the style, and the figures.
func (c *card) png() ([]byte, error) {
	m := image.NewNRGBA(image.Rect(0, 0, pngWidth, pngHeight))
	draw.Draw(m, m.Bounds(), image.NewUniform(pngPaper), image.Point{}, draw.Src)
	before, after := cover(c.Before, pngPicture, pngHeight), cover(c.After, pngPicture, pngHeight)
	split := pngPicture * 2 / 5
	draw.Draw(m, image.Rect(0, 0, split, pngHeight), before, image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(split, 0, pngPicture, pngHeight), after, image.Pt(split, 0), draw.Src)
	draw.Draw(m, image.Rect(split-1, 0, split+2, pngHeight), image.White, image.Point{}, draw.Src)

	w, err := newWriter(m)
	if err != nil {
		return nil, err
	}
	x, y := pngPicture+pngMargin, pngMargin
	room := pngWidth - x - pngMargin
	if c.Style != nil {
		side := 150
		draw.Draw(m, image.Rect(x, y, x+side, y+side), cover(c.Style, side, side), image.Point{}, draw.Src)
		y += side + 12
	}
	y = w.paragraph(c.Title, w.title, pngInk, x, y+34, room, 2) + 14
	draw.Draw(m, image.Rect(x, y, x+48, y+4), image.NewUniform(pngAccent), image.Point{}, draw.Src)
	y += 40
	lines := []line{
		{"answer to noise", figure(c.Report.NoiseGain1) + " x"},
		{"change when shifted", figure(c.Report.ShiftError()) + " levels"},
		{"warping error", figure(c.Report.WarpError()) + " levels"},
		{"weights", fmt.Sprint(c.Weights)},
	}
	var devices []string
	for _, d := range c.Devices {
		devices = append(devices, d.Name)
	}
	for i, s := range c.Devices[0].Speeds[:min(len(c.Devices[0].Speeds), 3)] {
		var times []string
		for _, d := range c.Devices {
			if i < len(d.Speeds) {
				times = append(times, figure(d.Speeds[i].Milliseconds))
			}
		}
		lines = append(lines, line{fmt.Sprintf("%d x %d", s.Width, s.Height), strings.Join(times, " / ") + " ms"})
	}
	for _, l := range lines {
		w.left(l.Name, w.text, pngFaint, x, y)
		w.right(l.Value, w.bold, pngInk, x+room, y)
		y += 32
	}
	w.left(cut(w.small, "on "+strings.Join(devices, " / "), room), w.small, pngFaint, x, min(y+2, pngHeight-44))
	w.left("impasto, "+c.Made, w.small, pngFaint, x, pngHeight-20)
	var b bytes.Buffer
	err = png.Encode(&b, m)
	return b.Bytes(), err
}

// cover returns the middle of m, as large as fits w x h.
func cover(m *imageio.Image, w, h int) *image.NRGBA {
	scale := max(float64(w)/float64(m.W), float64(h)/float64(m.H))
	large := imageio.Resize(m, max(w, int(float64(m.W)*scale+0.5)), max(h, int(float64(m.H)*scale+0.5)), imageio.Lanczos)
	return imageio.CenterCrop(large, w, h).NRGBA()
}

// writer puts text on a picture.
type writer struct {
	to                       draw.Image
	title, text, bold, small font.Face
}

func newWriter(to draw.Image) (*writer, error) {
	w := &writer{to: to}
	for _, f := range []struct {
		face *font.Face
		ttf  []byte
		size float64
	}{{&w.title, gobold.TTF, 34}, {&w.text, goregular.TTF, 19}, {&w.bold, gobold.TTF, 19}, {&w.small, goregular.TTF, 14}} {
		parsed, err := opentype.Parse(f.ttf)
		if err == nil {
			*f.face, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: f.size, DPI: 72, Hinting: font.HintingFull})
		}
		if err != nil {
			return nil, fmt.Errorf("font: %w", err)
		}
	}
	return w, nil
}

func (w *writer) left(text string, face font.Face, c color.Color, x, y int) {
	d := font.Drawer{Dst: w.to, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(text)
}

func (w *writer) right(text string, face font.Face, c color.Color, x, y int) {
	w.left(text, face, c, x-font.MeasureString(face, text).Ceil(), y)
}

// paragraph writes text in at most so many lines and returns where the last stands.
func (w *writer) paragraph(text string, face font.Face, c color.Color, x, y, room, lines int) int {
	rest := []rune(text)
	for n := 1; ; n++ {
		end := len(rest)
		for end > 1 && font.MeasureString(face, string(rest[:end])).Ceil() > room {
			end--
		}
		if n == lines || end == len(rest) {
			w.left(cut(face, string(rest), room), face, c, x, y)
			return y
		}
		for k := end; k > end/2; k-- { // at a space or a sign, if there is one
			if r := rest[k-1]; r == ' ' || r == '-' || r == '_' {
				end = k
				break
			}
		}
		w.left(string(rest[:end]), face, c, x, y)
		rest, y = rest[end:], y+face.Metrics().Height.Ceil()
	}
}

// cut ends text that is too wide with an ellipsis.
func cut(face font.Face, text string, room int) string {
	for r := []rune(text); font.MeasureString(face, text).Ceil() > room && len(r) > 1; {
		r = r[:len(r)-1]
		text = string(r) + "…"
	}
	return text
}
