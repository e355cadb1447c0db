package report

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Cell is a picture of a contact sheet with a line under it. Without a picture its place
// stays empty.
type Cell struct {
	Image   *imageio.Image
	Caption string
}

// Sample is a picture that training made after a number of steps.
type Sample struct {
	Step int
	Path string
	Note string // a few words for its caption; may be empty
}

func (s *Sample) caption() string {
	if s.Note == "" {
		return fmt.Sprintf("step %d", s.Step)
	}
	return fmt.Sprintf("step %d: %s", s.Step, s.Note)
}

const (
	cellWidth   = 320 // of the widest picture
	cellHeight  = 320 // of the highest
	gap         = 16
	fontSize    = 15
	captionRoom = 28 // a line of text below a picture
	maxSamples  = 40 // on one sheet
)

var (
	paper = color.NRGBA{0xf7, 0xf6, 0xf3, 0xff}
	ink   = color.NRGBA{0x33, 0x33, 0x38, 0xff}
)

// SaveSamples makes the contact sheet of a run, a PNG file at path: the style, the
// test picture and the samples in their order, of which evenly chosen ones stand
// for more than 40. Samples that cannot be read are left out and reported by the
// error, after the sheet is made.
func SaveSamples(path string, style, test *imageio.Image, samples []Sample) error {
	test = shrunk(test, cellWidth, cellHeight)
	cells := []Cell{{shrunk(style, cellWidth, test.H), "style"}, {test, "test picture"}}
	var missing error
	for _, s := range chosen(samples) {
		m, err := imageio.Load(s.Path, imageio.Options{})
		if err != nil {
			missing = errors.Join(missing, err)
			continue
		}
		cells = append(cells, Cell{shrunk(m, cellWidth, cellHeight), s.caption()})
	}
	sheet, err := Sheet(cells, columns(len(cells)))
	if err == nil {
		err = savePNG(path, sheet)
	}
	if err = errors.Join(err, missing); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// chosen returns at most maxSamples samples, the first and the last among them.
func chosen(samples []Sample) []Sample {
	n := len(samples)
	if n <= maxSamples {
		return samples
	}
	few := make([]Sample, maxSamples)
	for i := range few {
		few[i] = samples[i*(n-1)/(maxSamples-1)]
	}
	return few
}

// columns makes the sheet about as wide as high, for pictures of 16:9.
func columns(cells int) int {
	n := 2
	for n < 8 && n*n*2 < cells*3/2 {
		n++
	}
	return n
}

// Sheet lays pictures out in rows of the given number of columns, each shrunk to
// at most 320x320 pixels, with its caption below.
func Sheet(cells []Cell, columns int) (*imageio.Image, error) {
	if len(cells) == 0 || columns < 1 {
		return nil, errors.New("report: a contact sheet needs pictures and columns")
	}
	face, err := newFace()
	if err != nil {
		return nil, err
	}
	columns = min(columns, len(cells))
	rows := (len(cells) + columns - 1) / columns
	small := make([]*imageio.Image, len(cells))
	width, heights := 0, make([]int, rows)
	for i, c := range cells {
		if c.Image == nil {
			continue
		}
		small[i] = shrunk(c.Image, cellWidth, cellHeight)
		width, heights[i/columns] = max(width, small[i].W), max(heights[i/columns], small[i].H)
	}
	total := gap
	for _, h := range heights {
		total += h + captionRoom + gap
	}
	sheet := image.NewNRGBA(image.Rect(0, 0, gap+columns*(width+gap), total))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	x, y := gap, gap
	for i, m := range small {
		h := heights[i/columns]
		if m != nil { // it stands on its caption, in the middle of its column
			at := image.Pt(x+(width-m.W)/2, y+h-m.H)
			draw.Draw(sheet, image.Rectangle{at, at.Add(image.Pt(m.W, m.H))}, m.NRGBA(), image.Point{}, draw.Over)
		}
		caption(sheet, face, cells[i].Caption, x, y+h+captionRoom-8, width)
		if x += width + gap; (i+1)%columns == 0 {
			x, y = gap, y+h+captionRoom+gap
		}
	}
	return imageio.FromImage(sheet), nil
}

// shrunk returns m fitted into w x h pixels, or m itself if it fits.
func shrunk(m *imageio.Image, w, h int) *imageio.Image {
	scale := max(float64(m.W)/float64(w), float64(m.H)/float64(h), 1)
	if scale == 1 {
		return m
	}
	return imageio.Resize(m, max(int(float64(m.W)/scale), 1), max(int(float64(m.H)/scale), 1), imageio.Lanczos)
}

// caption writes text centered on the w pixels from x, cut if it is wider.
func caption(dst draw.Image, face font.Face, text string, x, y, w int) {
	for r := []rune(text); font.MeasureString(face, text).Ceil() > w && len(r) > 1; {
		r = r[:len(r)-1]
		text = string(r) + "…"
	}
	d := font.Drawer{Dst: dst, Src: image.NewUniform(ink), Face: face}
	d.Dot = fixed.P(x, y)
	d.Dot.X += (fixed.I(w) - d.MeasureString(text)) / 2
	d.DrawString(text)
}

// newFace returns the font of captions.
func newFace() (font.Face, error) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("report: font: %w", err)
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: fontSize, DPI: 72, Hinting: font.HintingFull})
}
