package report

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/impasto-go/impasto/nn/imageio"
)

const (
	plotWidth, plotHeight = 24 * vg.Centimeter, 12 * vg.Centimeter
	plotDPI               = 150
	plotPoints            = 1500 // about one per pixel
)

// curve is a line of a plot.
type curve struct {
	name  string
	color color.NRGBA
	of    func(row int) float64
}

// colors are those of the terms.
var colors = []color.NRGBA{
	{0x1f, 0x77, 0xb4, 0xff}, {0xd6, 0x45, 0x1b, 0xff}, {0x2c, 0x8f, 0x3f, 0xff},
	{0x94, 0x5a, 0xb8, 0xff}, {0x9a, 0x6a, 0x1c, 0xff}, {0x17, 0x8f, 0x9e, 0xff},
}

// curves are what a plot shows, the most important one, style, last, on top.
func (l *Losses) curves() (list []curve) {
	list = append(list, curve{"total", color.NRGBA{0x70, 0x70, 0x78, 0xff}, func(row int) float64 { _, total := l.Of(row); return total }})
	var top []curve
	for i, name := range l.Terms {
		c := curve{name, colors[i%len(colors)], func(row int) float64 { terms, _ := l.Of(row); return terms[i] }}
		if name == "content" || name == "style" {
			top = append(top, c)
		} else {
			list = append(list, c)
		}
	}
	return append(list, top...)
}

// PlotLosses draws the losses over the steps, on a logarithmic axis, into the PNG
// file at path: as they are, thin, and smoothed. Losses that are not positive and
// finite, which such an axis cannot show, are left out.
func PlotLosses(path string, losses *Losses) error {
	p, err := newPlot(losses)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	c := vgimg.NewWith(vgimg.UseWH(plotWidth, plotHeight), vgimg.UseDPI(plotDPI))
	dc := draw.New(c)
	p.Draw(draw.Crop(dc, 0.4*vg.Centimeter, -0.6*vg.Centimeter, 0.3*vg.Centimeter, -0.3*vg.Centimeter))
	return savePNG(path, imageio.FromImage(c.Image()))
}

func newPlot(losses *Losses) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = "Losses"
	p.X.Label.Text = "step"
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = plot.TickerFunc(logTicks)
	p.X.Tick.Marker = plot.TickerFunc(stepTicks)
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	p.Legend.Top = true
	p.Legend.Padding = 1 * vg.Millimeter

	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{0xe4}, color.Gray{0xe4}
	p.Add(grid)

	low, high := math.Inf(1), math.Inf(-1)
	rows := losses.Rows
	for _, curve := range losses.curves() {
		points := series(rows, curve.of)
		if len(points) == 0 {
			continue
		}
		for _, pt := range points {
			low, high = min(low, pt.Y), max(high, pt.Y)
		}
		raw, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		faint := curve.color
		faint.A = 0x48
		raw.Color, raw.Width = faint, vg.Points(0.7)
		smooth, err := plotter.NewLine(smoothed(points))
		if err != nil {
			return nil, err
		}
		smooth.Color, smooth.Width = curve.color, vg.Points(1.8)
		p.Add(raw, smooth)
		p.Legend.Add(curve.name, smooth)
	}
	if high < low {
		return nil, errors.New("there are no losses to plot")
	}
	// A range without extent has no logarithmic axis.
	p.Y.Min, p.Y.Max = max(low/1.2, math.SmallestNonzeroFloat64), min(high*1.2, math.MaxFloat64)
	p.X.Min, p.X.Max = float64(rows[0].Step), float64(rows[len(rows)-1].Step)
	if p.X.Min == p.X.Max {
		p.X.Min, p.X.Max = p.X.Min-1, p.X.Max+1
	}
	return p, nil
}

// series returns a curve as at most plotPoints means of neighboring steps.
func series(rows []Row, of func(row int) float64) (points plotter.XYs) {
	stride := (len(rows) + plotPoints - 1) / plotPoints
	for from := 0; from < len(rows); from += stride {
		var x, y, n float64
		for i := from; i < min(from+stride, len(rows)); i++ {
			if v := of(i); v > 0 && !math.IsInf(v, 0) {
				x, y, n = x+float64(rows[i].Step), y+v, n+1
			}
		}
		if n > 0 {
			points = append(points, plotter.XY{X: x / n, Y: y / n})
		}
	}
	return points
}

// smoothed returns the exponential mean of the points' logarithms, forwards and
// backwards so that it does not lag.
func smoothed(points plotter.XYs) plotter.XYs {
	window := 1 + float64(len(points))/40
	out := make(plotter.XYs, len(points))
	mean := math.Log(points[0].Y)
	for i, p := range points {
		mean += (math.Log(p.Y) - mean) / window
		out[i] = plotter.XY{X: p.X, Y: mean}
	}
	for i := len(out) - 1; i >= 0; i-- {
		mean += (out[i].Y - mean) / window
		out[i].Y = math.Exp(mean)
	}
	return out
}

// stepTicks marks whole multiples of 1, 2 or 5 times a power of ten, ten at most.
func stepTicks(low, high float64) (ticks []plot.Tick) {
	by := 1.0
	for i := 0; high-low > 9*by; i++ {
		by *= []float64{2, 2.5, 2}[i%3]
	}
	for v := math.Ceil(low/by) * by; v <= high; v += by {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', -1, 64)})
	}
	return ticks
}

// logTicks labels 1, 2 and 5 of each decade, or only the decades if there are many.
func logTicks(low, high float64) (ticks []plot.Tick) {
	first, last := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	few := math.Log10(high/low) < 3
	for e := first; e <= last; e++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow(10, e)
			if v < low || v > high {
				continue
			}
			t := plot.Tick{Value: v}
			if m == 1 || few && (m == 2 || m == 5) {
				t.Label = siLabel(v)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// siLabel writes v shortly, with the prefixes of units from k to T.
func siLabel(v float64) string {
	for _, p := range []struct {
		factor float64
		prefix string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= p.factor*0.9999 && v < p.factor*1e3 {
			return strconv.FormatFloat(v/p.factor, 'g', 3, 64) + p.prefix
		}
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
