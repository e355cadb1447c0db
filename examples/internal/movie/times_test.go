package movie

import (
	"context"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVariableRates wants every picture once, at its own time, whatever the files
// think of rates.
func TestVariableRates(t *testing.T) {
	// Pictures 0, 5, 6, 7, 33, ... of a thousand a second: a browser's recording.
	odd := "select='lt(mod(n*n+3*n,61),4)'"
	for in, out := range map[string]string{
		clip(t, "browser.webm", append(pattern("64x48", "1000", 40), "-vf", odd, "-fps_mode", "passthrough", "-c:v", "libvpx", "-b:v", "1M")...): "out.mp4",
		clip(t, "phone.mp4", append(pattern("64x48", "90", 30), "-vf", odd, "-fps_mode", "vfr", "-c:v", "libx264")...):                           "out.mkv",
		clip(t, "screen.mkv", append(pattern("64x48", "60", 30), "-vf", odd, "-fps_mode", "vfr", "-c:v", "ffv1")...):                             "out.webm",
	} {
		want := look(t, in).times(t)
		require.Greater(t, len(want), 10)
		require.False(t, math.Abs(want[2]-want[1]-want[1]) < 0.003 && math.Abs(want[3]-3*want[1]) < 0.003, "the rate varies: %v", want)
		file, notes := remake(t, in, out, Common)
		require.Empty(t, notes)
		require.InDeltaSlice(t, want, look(t, file).times(t), 0.0006, "%s to %s", in, out) // Matroska keeps milliseconds
		dir := t.TempDir()
		v, err := Probe(t.Context(), in)
		require.NoError(t, err)
		require.NoError(t, v.Split(t.Context(), dir, 1))
		pictures, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, pictures, len(want))
		dir = t.TempDir()
		require.NoError(t, v.Split(t.Context(), dir, 10))
		pictures, err = os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, pictures, (len(want)+9)/10)
	}
}

// TestConstantRates wants rates that rounded times hide to come out exactly.
func TestConstantRates(t *testing.T) {
	for rate, out := range map[string]string{"30000/1001": "out.mp4", "24000/1001": "out.mkv", "25/1": "out.avi", "15/2": "out.mov"} {
		file, notes := remake(t, clip(t, "in.mkv", append(pattern("64x48", rate, 40), "-c:v", "ffv1")...), out, Common)
		require.Empty(t, notes)
		s := look(t, file)
		require.Equal(t, rate, s.Streams[0].Rate, out)
		require.Len(t, s.Frames, 40)
	}
}

// TestVariableRateAVI has a container that knows constant rates only.
func TestVariableRateAVI(t *testing.T) {
	in := clip(t, "in.mp4", append(pattern("64x48", "20", 12), "-vf", "select='not(eq(mod(n,5),2))'", "-fps_mode", "vfr", "-c:v", "libx264")...)
	before := look(t, in).times(t)
	file, notes := remake(t, in, "out.avi", Common)
	after := look(t, file).times(t)
	require.InDelta(t, before[len(before)-1], after[len(after)-1], 0.06)
	require.Less(t, len(after), 40)
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "constant rates")
}

// TestGIF keeps hundredths of a second.
func TestGIF(t *testing.T) {
	in := clip(t, "in.mkv", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=20:duration=0.6", "-f", "lavfi", "-t", "0.5", "-i", "sine",
		"-vf", "select='not(eq(mod(n,5),2))'", "-fps_mode", "vfr", "-c:v", "ffv1")
	file, notes := remake(t, in, "out.gif", Common)
	require.InDeltaSlice(t, look(t, in).times(t), look(t, file).times(t), 0.011)
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "no sound")
	_, notes = remake(t, file, "again.mp4", Common)
	require.Empty(t, notes, "a GIF is opaque until the contrary is seen")
}

func TestPlace(t *testing.T) {
	s := func(text string) *big.Rat { return fraction(text) }
	w := &Writer{info: &Info{rate: s("25/1"), video: &stream{}}, last: big.NewRat(-1, 1), grid: s("1/25"), slack: s("1/1000")}
	for _, c := range []struct{ last, at, want string }{
		{"", "3/10", "0/1"},            // the first
		{"1/25", "81/1000", "2/25"},    // a millisecond late
		{"1/25", "79/1000", "2/25"},    // and early
		{"1/25", "82/1000", "41/500"},  // its own time
		{"2/25", "2/25", "3/25"},       // not later
		{"2/25", "81/1000", "81/1000"}, // rounding would not be later
		{"2/25", "", "3/25"},           // unknown
	} {
		if w.last = s(c.last); w.last == nil {
			w.last = big.NewRat(-1, 1)
		}
		require.Equal(t, c.want, w.place(s(c.at)).String(), "%v", c)
	}
	require.EqualValues(t, 1, nanoseconds(s("3/2000000000"))-1) // halves upwards
	require.EqualValues(t, 33366667, nanoseconds(s("1001/30000")))
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		base string
		rate string
		want int64
	}{
		{"1/1000", "24000/1001", 24000}, {"1/90000", "30/1", 90000}, {"1/90000", "24000/1001", 360000},
		{"1/1000", "", 10000}, {"1/15360", "", 15360}, {"1/1000000000", "25/1", 25000}, {"", "", 10000}, {"2/25", "", 10000},
		{"1/9999991", "24000/1001", 24000},
	} {
		v := &Info{rate: fraction(c.rate), video: &stream{TimeBase: c.base}}
		require.Equal(t, c.want, v.ticks(), "%v", c)
	}
}

func TestNoFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Probe(t.Context(), "x.mp4")
	require.ErrorIs(t, err, ErrNoFFmpeg)
}

// TestInterrupted wants both ends to stop with their context.
func TestInterrupted(t *testing.T) {
	in := clip(t, "in.mkv", append(pattern("64x48", "25", 200), "-c:v", "ffv1")...)
	v, err := Probe(t.Context(), in)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := v.Open(ctx, 64, 48)
	require.NoError(t, err)
	w, err := v.Create(ctx, filepath.Join(t.TempDir(), "out.mp4"), 64, 48, nil, Common)
	require.NoError(t, err)
	rgba := make([]byte, 4*64*48)
	_, err = r.Next(rgba)
	require.NoError(t, err)
	require.NoError(t, w.Write(rgba, nil))
	cancel()
	require.Error(t, r.Close())
	w.Close() // which may have ended its file
}
