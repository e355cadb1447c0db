package report

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/imageio"
)

type settings struct {
	Filters string
	LR      float64
	Steps   int
}

func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	style := filepath.Join(t.TempDir(), "style")
	require.NoError(t, os.WriteFile(style, []byte("abc"), 0o600))
	want := settings{"8,16,32", 1e-3, 7}
	r, err := NewRun("train", want, math.MaxUint64, "cpu (avx2, 2 threads)")
	require.NoError(t, err)
	r.Style, err = HashFile(style)
	require.NoError(t, err)
	require.NoError(t, r.Write(path))

	var read settings
	got, err := ReadRun(path, &read)
	require.NoError(t, err)
	require.Equal(t, want, read)
	require.Zero(t, got.Ended)
	require.Zero(t, got.Weights)
	require.Equal(t, uint64(math.MaxUint64), got.Seed)
	// The SHA-256 of "abc" is an example of FIPS 180-2.
	require.Equal(t, File{style, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}, got.Style)
	require.Equal(t, runtime.Version(), got.Versions.Go)
	require.True(t, strings.HasPrefix(got.Versions.Module, "github.com/impasto-go/impasto"), got.Versions.Module)
	require.Equal(t, "cpu (avx2, 2 threads)", got.Host.Device)
	require.WithinDuration(t, time.Now(), got.Started, time.Minute)
	require.True(t, got.Started.Equal(r.Started))

	got.End("finished", 12, map[string]Number{"content": 2.5, "style": Number(math.NaN())})
	require.NoError(t, got.Write(path))
	again, err := ReadRun(path, nil)
	require.NoError(t, err)
	require.Equal(t, "finished", again.Outcome)
	require.Equal(t, 12, again.Steps)
	require.Equal(t, map[string]Number{"content": 2.5, "style": 0}, again.Losses, "what is no number is null")
	require.NotZero(t, again.Ended)
	require.JSONEq(t, string(r.Settings), string(again.Settings))

	// What would turn the text around it is escaped, and means the same.
	turned := "gpj.\u202enohtyp\u2066"
	r.Style.Path = turned
	require.NoError(t, r.Write(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(text), "\u202e")
	require.Contains(t, string(text), `gpj.\u202enohtyp\u2066`)
	again, err = ReadRun(path, nil)
	require.NoError(t, err)
	require.Equal(t, turned, again.Style.Path)
}

func TestSame(t *testing.T) {
	a := File{"a.png", 3, strings.Repeat("1", 64)}
	require.NoError(t, a.Same(File{"elsewhere/a.png", 3, strings.Repeat("1", 64)}))
	require.ErrorContains(t, a.Same(File{"a.png", 3, strings.Repeat("2", 64)}), "a.png")
	require.Error(t, a.Same(File{}))
}

func TestForeignRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	for content, want := range map[string]string{
		"":                                     "end of JSON",
		"{}":                                   "no settings",
		"[1]":                                  "cannot unmarshal",
		`{"settings":{"Speed":1}}`:             "Speed",
		`{"settings":{"Steps":"x"}}`:           "Steps",
		`{"settings":[]}`:                      "settings",
		`{"settings":{},"seed":-1}`:            "seed",
		strings.Repeat("[", 20_000):            "max depth",
		strings.Repeat(" ", maxRunFile) + "{}": "bytes",
	} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := ReadRun(path, &settings{})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, path)
	}
	_, err := ReadRun(filepath.Join(t.TempDir(), "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = NewRun("train", 3, 0, "")
	require.Error(t, err)
	_, err = NewRun("train", map[string]any{"f": func() {}}, 0, "")
	require.Error(t, err)
	_, err = HashFile(t.TempDir())
	require.Error(t, err)
}

const tutorialHeader = "step,epoch,images,content,style,total"

func TestReadLosses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "losses.csv")
	write := func(s string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, []byte(s), 0o600))
	}
	write(tutorialHeader + "\n1,0,4,1e6,2.5,1000002.5\n2,0,8,NaN,3,+Inf\n3,1,12,1,2,3")
	losses, err := ReadLosses(path)
	require.NoError(t, err)
	require.Equal(t, []string{"content", "style"}, losses.Terms)
	require.Len(t, losses.Rows, 2, "an unfinished row")
	require.Equal(t, Row{1, 0, 4}, losses.Rows[0])
	terms, total := losses.Of(0)
	require.Equal(t, []float64{1e6, 2.5}, terms)
	require.Equal(t, 1000002.5, total)
	terms, total = losses.Of(1)
	require.True(t, math.IsNaN(terms[0]) && math.IsInf(total, 1))

	write("step,epoch,images,content,style,tv,total\n1,0,4,1,2,3,6\n2,0,8,4,5,6,15\n")
	losses, err = ReadLosses(path)
	require.NoError(t, err)
	require.Equal(t, &Losses{[]string{"content", "style", "tv"}, []Row{{1, 0, 4}, {2, 0, 8}}, []float64{1, 2, 3, 6, 4, 5, 6, 15}}, losses)

	for content, want := range map[string]string{
		"":                                 "line 1",
		"a,b\n1,2\n":                       "line 1",
		tutorialHeader + "\n1,2\n":         "line 2: 2 fields",
		tutorialHeader + "\n1,0,4,1,2,x\n": "line 2",
		tutorialHeader + "\n1,0,9999999999999999999,1,2,3\n":      "line 2",
		tutorialHeader + "\n5,0,4,1,2,3\n5,0,4,1,2,3\n":           "line 3: step 5 follows step 5",
		tutorialHeader + "\n" + strings.Repeat("1,", 9000) + "\n": "line 2",
	} {
		write(content)
		_, err := ReadLosses(path)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, path)
	}
}

// TestDamagedLosses cuts and damages a file of losses: what is read are rows that
// follow each other, within the memory bound.
func TestDamagedLosses(t *testing.T) {
	file := []byte(tutorialHeader + "\n1,0,4,1e6,2.5,1000002.5\n2,0,8,NaN,3,+Inf\n3,1,12,1,2,3\n")
	check := func(damaged []byte) { checkLosses(t, damaged) }
	for n := range file {
		check(file[:n])
	}
	damagetest.Flips(file, 0, len(file), func(at int, damaged []byte) { check(damaged) })
	damagetest.Mutations(file, check)

	// The rows that take the most memory for their length.
	file = []byte(tutorialHeader + "\n")
	for i := range 1_000_000 {
		file = append(strconv.AppendInt(file, int64(i), 10), ",0,0,0,0,0\n"...)
	}
	require.Equal(t, 1_000_000, checkLosses(t, file))
}

// checkLosses returns the number of rows that are read.
func checkLosses(t *testing.T, file []byte) int {
	t.Helper()
	var parsed *Losses
	var err error
	damagetest.Bounded(t, len(file), func() { parsed, err = ParseLosses(bytes.NewReader(file)) })
	if err != nil {
		require.Nil(t, parsed)
		return 0
	}
	losses := parsed.Rows
	require.LessOrEqual(t, len(losses), bytes.Count(file, []byte("\n")))
	for i := range losses[:max(len(losses)-1, 0)] {
		if losses[i].Step >= losses[i+1].Step {
			t.Fatalf("step %d before step %d", losses[i].Step, losses[i+1].Step)
		}
	}
	return len(losses)
}

func FuzzLosses(f *testing.F) {
	f.Add([]byte(tutorialHeader + "\n1,0,4,1,2,3\n"))
	f.Fuzz(func(t *testing.T, file []byte) { checkLosses(t, file) })
}

// TestDamagedRun cuts and damages a run.json.
func TestDamagedRun(t *testing.T) {
	r, err := NewRun("train", settings{"8,16,32", 1e-3, 7}, 1, "cpu")
	require.NoError(t, err)
	file, err := r.encode()
	require.NoError(t, err)
	for n := range len(file) - 2 { // without the last brace
		require.Error(t, checkRun(t, file[:n]))
	}
	require.NoError(t, checkRun(t, file))
	damagetest.Flips(file, 0, len(file), func(at int, damaged []byte) { checkRun(t, damaged) })
	damagetest.Mutations(file, func(damaged []byte) { checkRun(t, damaged) })
}

// checkRun reads a run.json within the memory bound, and writes again what it is.
func checkRun(t *testing.T, file []byte) error {
	t.Helper()
	var r *Run
	var err error
	damagetest.Bounded(t, len(file), func() { r, err = ParseRun(file, &settings{}) })
	if err == nil {
		_, written := r.encode()
		require.NoError(t, written)
	}
	return err
}

func FuzzRun(f *testing.F) {
	f.Add([]byte(`{"settings":{"Steps":1},"started":"2025-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, file []byte) { checkRun(t, file) })
}

// fakeLosses fall as those of real runs do, with noise.
func fakeLosses(n int) *Losses {
	rng := rand.New(rand.NewPCG(1, 2))
	losses := &Losses{Terms: []string{"content", "style", "tv"}, Rows: make([]Row, n)}
	for i := range losses.Rows {
		fall := math.Exp(-4 * float64(i) / float64(n))
		content := (3e5 + 2e5*fall) * (1 + 0.3*rng.NormFloat64()*0.5)
		style := (1e5 + 3e6*fall*fall) * math.Exp(0.25*rng.NormFloat64())
		tv := 2e4 * math.Exp(0.1*rng.NormFloat64())
		losses.Rows[i] = Row{Step: i + 1, Images: 4 * (i + 1)}
		losses.Values = append(losses.Values, content, style, tv, content+style+tv)
	}
	return losses
}

// keep copies what a test drew to the folder IMPASTO_PICTURES, for looking at it.
func keep(t *testing.T, path string) {
	t.Helper()
	dir := os.Getenv("IMPASTO_PICTURES")
	if dir == "" {
		return
	}
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o600))
}

func TestPlotLosses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "losses.png")
	fake := fakeLosses(20_000)
	require.NoError(t, PlotLosses(path, fake))
	keep(t, path)
	m, err := imageio.Load(path, imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, [2]int{1417, 709}, [2]int{m.W, m.H})
	// Each curve is there in its color.
	seen := map[[3]uint8]int{}
	for i := 0; i < len(m.Pix); i += 3 {
		seen[[3]uint8(m.Pix[i:])]++
	}
	for _, c := range fake.curves() {
		require.Greater(t, seen[[3]uint8{c.color.R, c.color.G, c.color.B}], 1000, c.name)
	}

	losses := func(rows ...[3]float64) *Losses {
		l := &Losses{Terms: []string{"content", "style"}}
		for i, r := range rows {
			l.Rows = append(l.Rows, Row{Step: i + 1})
			l.Values = append(l.Values, r[:]...)
		}
		return l
	}
	require.Error(t, PlotLosses(path, losses()))
	require.Error(t, PlotLosses(path, losses([3]float64{math.NaN(), -1, math.Inf(1)})))
	for _, l := range []*Losses{
		losses([3]float64{1, 1, 2}),
		losses([3]float64{5, 5, 5}, [3]float64{5, 5, 5}),
		losses([3]float64{1e-300, 1e300, 1e300}, [3]float64{math.NaN(), 1, 3}),
	} {
		require.NoError(t, PlotLosses(path, l))
	}
}

// TestPlotRange: a fifth of room around the losses, and a step on each side of a single one.
func TestPlotRange(t *testing.T) {
	p, err := newPlot(&Losses{Terms: []string{"content"}, Rows: []Row{{Step: 5}}, Values: []float64{120, 600}})
	require.NoError(t, err)
	require.InDelta(t, 100, p.Y.Min, 1e-9)
	require.InDelta(t, 720, p.Y.Max, 1e-9)
	require.Equal(t, [2]float64{4, 6}, [2]float64{p.X.Min, p.X.Max})
	require.True(t, p.Legend.Top)
}

func TestSeries(t *testing.T) {
	losses := fakeLosses(10*plotPoints + 3).Rows
	points := series(losses, func(i int) float64 { return float64(losses[i].Step) })
	require.LessOrEqual(t, len(points), plotPoints)
	for i, p := range points {
		require.Equal(t, p.X, p.Y)
		require.True(t, i == 0 || p.X > points[i-1].X)
	}
	require.Greater(t, points[len(points)-1].X, float64(len(losses))-11)

	// What is constant stays so when smoothed.
	for _, p := range smoothed(series(losses, func(int) float64 { return 7 })) {
		require.InDelta(t, 7, p.Y, 1e-9)
	}
}

// TestSeen counts through epochs of 7 pictures, in steps of 3.
func TestSeen(t *testing.T) {
	var s Seen
	for i, want := range []int{3, 6, 7, 10, 13, 14, 17} {
		require.Equal(t, want, s.After(Row{Step: i + 1, Epoch: i/3 + 1, Images: min(3*(i%3+1), 7)}))
	}
}

func TestStepTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{1, 800, "100 200 300 400 500 600 700 800"}, {1, 5, "1 2 3 4 5"}, {1, 24, "5 10 15 20"}, {1, 40000, "5000 10000 15000 20000 25000 30000 35000 40000"},
		{7, 9, "7 8 9"},
	} {
		var labels []string
		for _, tick := range stepTicks(c.low, c.high) {
			labels = append(labels, tick.Label)
		}
		require.Equal(t, c.want, strings.Join(labels, " "))
	}
}

// TestPlotFont: a plot has the letters of a screen.
func TestPlotFont(t *testing.T) {
	p, err := newPlot(fakeLosses(10))
	require.NoError(t, err)
	for _, style := range []text.Style{p.Title.TextStyle, p.X.Label.TextStyle, p.Y.Tick.Label, p.X.Tick.Label, p.Legend.TextStyle} {
		require.Equal(t, font.Variant("Sans"), style.Font.Variant)
		require.True(t, font.DefaultCache.Has(style.Font))
	}
}

func TestLogTicks(t *testing.T) {
	labels := func(low, high float64) (all []string) {
		for _, tick := range logTicks(low, high) {
			require.True(t, tick.Value >= low && tick.Value <= high)
			if tick.Label != "" {
				all = append(all, tick.Label)
			}
		}
		return all
	}
	require.Equal(t, []string{"200k", "500k", "1M", "2M", "5M"}, labels(1.5e5, 9e6))
	require.Equal(t, []string{"0.01", "0.1", "1", "10", "100", "1k"}, labels(0.01, 2000))
	require.Equal(t, []string{"1e+15"}, labels(0.9e15, 1.5e15))
	require.Equal(t, []string{"1", "10", "100", "1k"}, labels(1, 1000), "three decades are many")
	require.Equal(t, []string{"5", "10", "20", "50", "100"}, labels(5, 100), "the last decade is there")
}

func TestSaveSamples(t *testing.T) {
	dir := t.TempDir()
	var samples []Sample
	for i := range 11 {
		path := filepath.Join(dir, fmt.Sprintf("%d.png", i))
		require.NoError(t, savePNG(path, paint.Scene(uint64(i), 480, 270)))
		samples = append(samples, Sample{Step: 500 * (i + 1), Path: path})
	}
	path := filepath.Join(dir, "samples.png")
	style, test := paint.Style(1, 256), paint.Scene(0, 480, 270)
	require.NoError(t, SaveSamples(path, style, test, samples))
	keep(t, path)
	m, err := imageio.Load(path, imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, gap+4*(cellWidth+gap), m.W)
	require.Equal(t, gap+4*(180+captionRoom+gap), m.H)
	// The style is first, as high as the test picture and in the middle of its column.
	small := imageio.Resize(style, 180, 180, imageio.Lanczos)
	at := 3 * ((gap+100)*m.W + gap + (cellWidth-180)/2)
	require.Equal(t, small.Pix[3*100*180:3*(100*180+180)], m.Pix[at:at+3*180])

	samples[3].Path = filepath.Join(dir, "none.png")
	require.NoError(t, os.Remove(path))
	require.ErrorContains(t, SaveSamples(path, style, test, samples), "none.png")
	require.FileExists(t, path)
}

func TestChosen(t *testing.T) {
	samples := make([]Sample, 1000)
	for i := range samples {
		samples[i].Step = i
	}
	few := chosen(samples)
	require.Len(t, few, maxSamples)
	require.Equal(t, 0, few[0].Step)
	require.Equal(t, 999, few[maxSamples-1].Step)
	require.Len(t, chosen(samples[:5]), 5)
}

func TestSheet(t *testing.T) {
	wide, high := imageio.New(2000, 10), imageio.New(3, 900)
	m, err := Sheet([]Cell{{wide, strings.Repeat("a long caption ", 20)}, {high, "high"}, {imageio.New(1, 1), ""}}, 2)
	require.NoError(t, err)
	require.Equal(t, gap+2*(cellWidth+gap), m.W)
	require.Equal(t, gap+cellHeight+captionRoom+gap+1+captionRoom+gap, m.H)
	_, err = Sheet(nil, 3)
	require.Error(t, err)
}
