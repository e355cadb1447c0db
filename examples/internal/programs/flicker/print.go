package flicker

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/nn/flicker"
	"github.com/impasto-go/impasto/nn/imageio"
)

// figure is a line of the table.
type figure struct {
	name   string
	value  func(s *style) float64
	input  func(s *style) float64 // the same of the pictures themselves, if it says something
	better string
}

func pictureFigures() []figure {
	list := []figure{
		{"noise gain, 1 level", func(s *style) float64 { return s.Report.NoiseGain1 }, nil, "less"},
		{"noise gain, 4 levels", func(s *style) float64 { return s.Report.NoiseGain4 }, nil, "less"},
	}
	for d := range flicker.Shifts {
		list = append(list, figure{fmt.Sprintf("shift by %d", d+1), func(s *style) float64 { return s.Report.Shift[d] }, nil, "less"})
	}
	list = append(list, figure{"shifts by 1 to 3", func(s *style) float64 { return s.Report.ShiftError() }, nil, "less"})
	for _, name := range flicker.Moves() {
		list = append(list, figure{
			"warping error, " + name, func(s *style) float64 { return s.Report.Warp[name] },
			func(s *style) float64 { return s.Report.WarpInput[name] }, "less",
		})
	}
	return append(list,
		figure{"warping error", func(s *style) float64 { return s.Report.WarpError() }, func(s *style) float64 { return s.Report.WarpErrorInput() }, "less"},
		figure{"detail", func(s *style) float64 { return s.Report.Detail }, func(s *style) float64 { return s.Report.DetailInput }, "more"})
}

func clipFigures() []figure {
	return []figure{
		{"change from frame to frame", func(s *style) float64 { return s.Clip.Change }, func(s *style) float64 { return s.Clip.ChangeInput }, "less"},
		{"warping error", func(s *style) float64 { return s.Clip.Warp }, func(s *style) float64 { return s.Clip.WarpInput }, "less"},
	}
}

// names calls each style by its file, and those that are called alike by so much of the
// folders that they differ.
func names(styles []*style) []string {
	list := make([]string, len(styles))
	for parts := 1; ; parts++ {
		more := false
		for i, s := range styles {
			path := strings.Split(filepath.ToSlash(s.Model), "/")
			list[i] = strings.Join(path[max(0, len(path)-parts):], "/")
			more = more || parts < len(path)
		}
		if !more || len(list) < 2 || list[0] != list[1] {
			return list
		}
	}
}

// print writes the table: a column for each style, and for the input.
func print(w io.Writer, styles []*style) error {
	figures := pictureFigures()
	if c := styles[0].Clip; c != nil {
		figures = clipFigures()
		fmt.Fprintf(w, "%s; the motion of %.0f %% of them is known\n", cli.Count(c.Frames, "frame", "frames"), 100*c.Known)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "in levels of 255\t")
	for _, name := range names(styles) {
		fmt.Fprintf(t, "%s\t", name)
	}
	if len(styles) == 2 {
		fmt.Fprint(t, "ratio\t")
	}
	fmt.Fprint(t, "input\tbetter\t\n")
	for _, f := range figures {
		fmt.Fprintf(t, "%s\t", f.name)
		for _, s := range styles {
			fmt.Fprintf(t, "%.2f\t", f.value(s))
		}
		if len(styles) == 2 {
			fmt.Fprintf(t, "%s\t", ratio(f.value(styles[1]), f.value(styles[0])))
		}
		input := "-"
		if f.input != nil {
			input = fmt.Sprintf("%.2f", f.input(styles[0]))
		}
		fmt.Fprintf(t, "%s\t%s\t\n", input, f.better)
	}
	return t.Flush()
}

func ratio(a, b float64) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", a/b)
}

// heatMap paints where results change: black, red, yellow, white from 0 to 64
// levels; the styles side by side.
func heatMap(styles []*style) *imageio.Image {
	var sheet *imageio.Image
	for i, s := range styles {
		w := s.Report.HeatWidth
		h := len(s.Report.Heat) / w
		if sheet == nil {
			sheet = imageio.New(w*len(styles), h)
		}
		for j, v := range s.Report.Heat {
			at := 3 * (j/w*sheet.W + i*w + j%w)
			for c := range 3 {
				sheet.Pix[at+c] = uint8(min(max(255*(3*v/64-float32(c)), 0), 255))
			}
		}
	}
	return sheet
}
