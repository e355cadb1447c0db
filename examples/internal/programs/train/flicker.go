package train

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/flicker"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
)

// predict prints and records what foretells flicker before the first step: the traces of
// the style's Gram matrices.
func (w *watch) predict() {
	var words []string
	w.record.GramTraces = map[string]report.Number{}
	for _, t := range w.job.trainer.GramTraces() {
		words = append(words, fmt.Sprintf("%s %.3g", t.Name, t.Value))
		w.record.GramTraces[t.Name] = report.Number(t.Value)
	}
	text := "foretold by the traces of the style's Gram matrices, more by larger ones: " + strings.Join(words, ", ")
	w.screen.fact("flicker", cli.Wrap(text, columns-indent)...)
	if m := w.job.test; m.W < flicker.MinSize || m.H < flicker.MinSize {
		w.log(fmt.Sprintf("Flicker is not measured: the test picture has %dx%d pixels; %dx%[3]d are needed", m.W, m.H, flicker.MinSize))
	}
}

// look measures the flicker of the network that the next sample shows, on the test
// picture. A picture that is too small, or a network that fails, is not worth a word
// here: of the one predict tells, and the other shows in the sample.
func (w *watch) look(d statedict.Dict) {
	w.glance = nil
	cpu := tensor.CPU()
	defer cpu.Close()
	net, err := nn.NewNetworkFrom(cpu, d)
	if err != nil {
		return
	}
	defer net.Free()
	net.Freeze()
	run := func(x []float32, h, wd int) ([]float32, error) { return net.Evaluate(cpu, x, h, wd) }
	g, err := flicker.Look(context.Background(), run, w.job.test, flicker.Options{Multiple: net.Arch().Multiple()})
	if err == nil && !math.IsNaN(g.NoiseGain+g.Shift+g.Warp+g.Detail) {
		w.glance = g
	}
}

// flicker tells what look has measured.
func (w *watch) flicker(step int) {
	g := w.glance
	if g == nil {
		return
	}
	w.still.Add(step, g)
	w.note(w.still.Write(w.job.file(flickerFile)))
	w.record.Flicker = &w.still[len(w.still)-1]
	w.screen.page.Note(step, g.String())
	if w.board == nil {
		return
	}
	for _, v := range []struct {
		name  string
		value float64
	}{{"noise_gain", g.NoiseGain}, {"shift", g.Shift}, {"warp", g.Warp}, {"detail", g.Detail}} {
		w.note(w.board.Scalar("flicker/"+v.name, step, v.value))
	}
}
