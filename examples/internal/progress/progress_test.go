package progress

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPace(t *testing.T) {
	var p pace
	now := time.Unix(1000, 0)
	_, ok := p.left(10)
	require.False(t, ok)
	p.step(now, 5)
	_, ok = p.left(10)
	require.False(t, ok)
	for i := range 10 {
		now = now.Add(time.Duration(1+i%2*2) * time.Second) // 1 s and 3 s
		p.step(now, 6+i)
	}
	left, ok := p.left(30)
	require.True(t, ok)
	require.InDelta(t, 60, left.Seconds(), 1e-6)
	for i := range 1000 { // two at a time
		now = now.Add(time.Second)
		p.step(now, 17+2*i)
	}
	left, _ = p.left(30)
	require.InDelta(t, 15, left.Seconds(), 1e-6, "an old speed is forgotten")
	left, _ = p.left(-1)
	require.Zero(t, left)
}

func TestBar(t *testing.T) {
	var out bytes.Buffer
	columns := 120
	b := newBar(&out, 100, []string{"content", "style"}, func() int { return columns })
	b.Step(Step{Step: 40, Losses: []float64{1, 2}}) // of an earlier session
	require.Empty(t, out.String())
	b.Step(Step{Step: 41, Losses: []float64{123456, 2e6}, ImagesPerSecond: 12.34})
	require.Contains(t, out.String(), "41/100")
	require.Contains(t, out.String(), "total 2.12M, content 123k, style 2M, 12.3 img/s")
	require.NotContains(t, out.String(), "\n")
	b.Println("a warning")
	require.Contains(t, out.String(), "a warning\n")
	columns = 60
	b.Step(Step{Step: 43, Losses: []float64{123456, 2e6}, ImagesPerSecond: 12.34})
	last := out.String()[strings.LastIndex(out.String(), "\r")+1:]
	require.Contains(t, last, "43/100")
	require.Contains(t, last, "total")
	require.NotContains(t, last, "img/s")
	require.Less(t, len(strings.TrimRight(last, " ")), 60)
	for i := 44; i <= 100; i++ {
		b.Step(Step{Step: i, Losses: []float64{1, 2}, ImagesPerSecond: 5})
	}
	b.Close()
	b.Close()
	require.Contains(t, out.String(), "100/100")
	require.Equal(t, byte('\n'), out.Bytes()[out.Len()-1])
}

// TestBarOf80 has a line of 80 columns show the bar, the step, the time left and all
// losses, however large.
func TestBarOf80(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out, 40000, []string{"content", "style"}, func() int { return 80 })
	b.pace = pace{last: time.Now(), at: 12344, seconds: 0.3, n: 1000}
	b.Saved(12000)
	b.Step(Step{Step: 12345, Losses: []float64{123456, 1.23e6}, ImagesPerSecond: 12.34})
	line := out.String()[strings.LastIndex(out.String(), "\r")+1:]
	require.Regexp(t, `\(12345/40000\) [2-9]h\d\dm left, `, line) // longer if the machine paused
	require.Contains(t, line, " left, total 1.35M, content 123k, style 1.23M")
	require.Contains(t, line, "[>")
	require.Less(t, len(strings.TrimRight(line, " ")), 80)

	out.Reset()
	b = newBar(&out, 800, []string{"content", "style"}, func() int { return 140 })
	b.Saved(96)
	b.Step(Step{Step: 100, Losses: []float64{123456, 1.23e6}, ImagesPerSecond: 12.34})
	require.Contains(t, out.String(), "total 1.35M, content 123k, style 1.23M, saved at 96, 12.3 img/s")
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		400 * time.Millisecond: "0s", 45 * time.Second: "45s", 754 * time.Second: "12m34s", 3 * time.Hour: "3h00m",
		time.Hour + 59*time.Minute + 45*time.Second: "2h00m", 100*time.Hour + 5*time.Minute: "100h05m",
	} {
		require.Equal(t, want, Duration(d))
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.00012345: "0.000123", 1: "1", 12.345: "12.3", 999.4: "999", 999.6: "1k", 123456: "123k", 2e6: "2M",
		5.5e12: "5.5e+03G", -5e6: "-5e+06", math.Inf(1): "+Inf",
	} {
		require.Equal(t, want, short(v))
	}
	require.Equal(t, "NaN", short(math.NaN()))
}

func TestNoTerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer f.Close()
	b := NewBar(f, 10, nil)
	require.Nil(t, b)
	b.Step(Step{Step: 1, ImagesPerSecond: 1})
	b.Println("x")
	b.Close()
	info, err := f.Stat()
	require.NoError(t, err)
	require.Zero(t, info.Size())
}

func TestNilPage(t *testing.T) {
	var p *Page
	p.Step(Step{})
	p.Sample(1, "x")
	p.End("finished")
	require.Empty(t, p.URL())
	require.NoError(t, p.Close())
}
