package budget

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/cli/clitest"
	"github.com/impasto-go/impasto/examples/internal/modeltest"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
)

// TestParameters compares with the numbers of the tutorial's networks in PyTorch.
func TestParameters(t *testing.T) {
	for list, want := range map[string]int{"8,16,32": 108_771, "16,32,64": 424_899, "32,64,128": 1_679_235} {
		o, err := parse([]string{"-filters", list, "-width", "16", "-height", "8", "-runs", "1"})
		require.NoError(t, err)
		b, err := measure(t.Context(), o)
		require.NoError(t, err)
		sum := 0
		for _, l := range b.layers {
			sum += l.params
		}
		require.Equal(t, want, sum, list)
	}
}

// TestEveryNetwork measures the other networks, of which one has no sums that the
// normalizations do not do themselves.
func TestEveryNetwork(t *testing.T) {
	for _, family := range arch.Families() {
		o, err := parse([]string{"-arch", family, "-filters", "2,3,5", "-width", "16", "-height", "8", "-runs", "1"})
		require.NoError(t, err)
		b, err := measure(t.Context(), o)
		require.NoError(t, err, family)
		require.Equal(t, family != "pytorch-examples", b.layers[len(b.layers)-6].name == "skip", family)
	}
}

// TestLayers compares a small network with sums by hand.
func TestLayers(t *testing.T) {
	o, err := parse([]string{"-filters", "2,3,5", "-res-blocks", "1", "-width", "16", "-height", "8", "-runs", "2", "-threads", "1"})
	require.NoError(t, err)
	b, err := measure(t.Context(), o)
	require.NoError(t, err)

	want := []layer{
		{name: "conv1", kind: "conv 9x9", out: tensor.Shape{1, 2, 8, 16}, params: 488, macs: 128 * 2 * 3 * 81},
		{name: "in1", kind: "norm", out: tensor.Shape{1, 2, 8, 16}, params: 4},
		{name: "conv2", kind: "conv 3x3", out: tensor.Shape{1, 3, 4, 8}, params: 57, macs: 32 * 3 * 2 * 9},
		{name: "in2", kind: "norm", out: tensor.Shape{1, 3, 4, 8}, params: 6},
		{name: "conv3", kind: "conv 3x3", out: tensor.Shape{1, 5, 2, 4}, params: 140, macs: 8 * 5 * 3 * 9},
		{name: "in3", kind: "norm", out: tensor.Shape{1, 5, 2, 4}, params: 10},
		{name: "resnets.0.conv1", kind: "conv 3x3", out: tensor.Shape{1, 5, 2, 4}, params: 230, macs: 8 * 5 * 5 * 9},
		{name: "resnets.0.in1", kind: "norm", out: tensor.Shape{1, 5, 2, 4}, params: 10},
		{name: "resnets.0.conv2", kind: "conv 3x3", out: tensor.Shape{1, 5, 2, 4}, params: 230, macs: 8 * 5 * 5 * 9},
		{name: "resnets.0.in2", kind: "norm", out: tensor.Shape{1, 5, 2, 4}, params: 10},
		{name: "skip", kind: "add", out: tensor.Shape{1, 5, 2, 4}},
		{name: "deconv1", kind: "conv 3x3", out: tensor.Shape{1, 3, 4, 8}, params: 138, macs: 32 * 3 * 5 * 9},
		{name: "in4", kind: "norm", out: tensor.Shape{1, 3, 4, 8}, params: 6},
		{name: "deconv2", kind: "conv 3x3", out: tensor.Shape{1, 2, 8, 16}, params: 56, macs: 128 * 2 * 3 * 9},
		{name: "in5", kind: "norm", out: tensor.Shape{1, 2, 8, 16}, params: 4},
		{name: "deconv3", kind: "conv 9x9", out: tensor.Shape{1, 3, 8, 16}, params: 489, macs: 128 * 3 * 2 * 81},
	}
	require.Len(t, b.layers, len(want))
	total := 0
	for i, l := range b.layers {
		require.Positive(t, l.elapsed, l.name)
		total += l.bytes()
		l.elapsed, l.op = 0, ""
		require.Equal(t, want[i], l)
	}
	// At deconv3 the input, in5 and the result are alive: in5 took the place of
	// deconv2, and in1 is done with.
	require.Equal(t, 4*128*(3+2+3), b.peak)
	require.Greater(t, total, b.peak)
}

func TestPrint(t *testing.T) {
	b := &budget{
		options: &options{arch: arch.PyTorchExamples([3]int{8, 16, 32}, 5), width: 960, height: 540},
		device:  "device", peak: 3 << 20,
		layers: []layer{
			{name: "conv1", kind: "conv 9x9", out: tensor.Shape{1, 8, 512, 1024}, params: 1234567, macs: 1_500_000_000, elapsed: 15 * time.Millisecond},
			{name: "in1", kind: "norm", out: tensor.Shape{1, 8, 512, 1024}, params: 16, elapsed: 5 * time.Millisecond},
		},
	}
	var out strings.Builder
	require.NoError(t, b.print(&out))
	require.Equal(t, `pytorch-examples, filters 8,16,32, 5 residual blocks, one 960x540 picture, device

  layer  kind          output  parameters  million MACs  output MiB     ms   share
  conv1  conv 9x9  8x512x1024   1,234,567        1500.0        16.0  15.00   75.0%
  in1    norm      8x512x1024          16           0.0        16.0   5.00   25.0%
  sum                           1,234,583        1500.0        32.0  20.00  100.0%

Weights take 4.7 MiB. Stylizing keeps at most 3.0 MiB of layers at once, and
training all 32.0 MiB of them for each picture of a batch, besides gradients and
VGG-19. Speed here: 50.0 pictures/s, 75.0 billion MACs/s.
`, out.String())
}

func TestWrongFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-arch tutorail":              "tutorial, pytorch-examples",
		"-filters 8,16":               "-filters",
		"-filters 8,16,x":             "-filters",
		"-filters 8,16,0":             "-filters",
		"-filters 8,16,99999":         "-filters",
		"-res-blocks 0":               "-res-blocks",
		"-res-blocks 1000000":         "-res-blocks",
		"-width 962":                  "-width 964",
		"-height 4":                   "-height",
		"-width 1000000000":           "-width",
		"-runs 0":                     "-runs",
		"-threads -1":                 "-threads",
		"-width 16384 -height 16384":  "GiB",
		"-filters 1,1,1024 -height 8": "",
		"-speed 3":                    "-speed",
		"more":                        "more",
		"-fps 0":                      "-fps",
		"-fps NaN":                    "-fps",
		"-fps 60 -device cuda":        "-device cuda",
		"-device gl":                  "-device gl is for -fps",
		"-model x -filters 2,2,2":     "-model and -filters exclude each other",
	} {
		_, err := parse(strings.Fields(args))
		if want == "" {
			require.NoError(t, err, args)
			continue
		}
		require.ErrorContains(t, err, want, args)
	}
}

// TestLargest compares with all sizes that there are.
func TestLargest(t *testing.T) {
	for _, c := range []struct {
		multiple, least int
		aspect          float64
	}{{4, 8, 16. / 9}, {4, 8, 9. / 16}, {1, 3, 1}, {8, 20, 2.5}} {
		for _, limit := range []time.Duration{0, 500, 64_000, 1_000_000, 16_670_000, 10_000_000_000} {
			measured := 0
			cost := func(w, h int) (time.Duration, error) {
				measured++
				require.Zero(t, w%c.multiple+h%c.multiple)
				require.GreaterOrEqual(t, min(w, h), c.least)
				return time.Duration(400 + 8*w*h), nil
			}
			w, h, took, err := largest(c.multiple, c.least, c.aspect, limit, cost)
			require.NoError(t, err)
			require.Less(t, measured, 30)
			short, next := min(w, h), min(w, h)+c.multiple
			if w == 0 {
				least := (c.least + c.multiple - 1) / c.multiple * c.multiple
				require.Greater(t, took, limit)
				next = least
			} else {
				require.Equal(t, time.Duration(400+8*w*h), took)
				require.LessOrEqual(t, took, limit)
				require.InDelta(t, c.aspect, float64(w)/float64(h), c.aspect*float64(c.multiple)/float64(short))
			}
			if short < highest/c.multiple*c.multiple { // the next would take too long
				long := max(int(math.Round(float64(next/c.multiple)*max(c.aspect, 1/c.aspect)))*c.multiple, next)
				require.Greater(t, time.Duration(400+8*next*long), limit, "%+v %v: %dx%d", c, limit, w, h)
			}
		}
	}
	broken := errors.New("broken")
	_, _, _, err := largest(4, 8, 1, time.Second, func(w, h int) (time.Duration, error) { return 0, broken })
	require.ErrorIs(t, err, broken)
}

// TestFrames has a line for each network: for several filters, those that are given, or
// those of a model.
func TestFrames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "final.pth")
	require.NoError(t, weights.WriteFile(file, modeltest.Weights(arch.AntiAliased([3]int{2, 3, 4}, 1, true))))
	const size = `: (none, )?\d+x\d+`
	for args, want := range map[string][]string{
		"-fps 1000 -width 64 -height 64 -runs 1": {"filters 4,8,16, 5", "filters 8,16,32, 5", "filters 16,32,64, 5", "filters 32,64,128, 5"},
		"-fps 1000 -filters 2,2,2 -res-blocks 1": {"tutorial, filters 2,2,2, 1 residual block"},
		"-fps 1000 -model " + file:               {"anti-aliased, filters 2,3,4, 1 residual block"},
	} {
		says := clitest.Output(t, func() { require.NoError(t, Run(t.Context(), strings.Fields(args))) })
		head, lines, _ := strings.Cut(says, "\n\n")
		require.Contains(t, head, "styled 1000 times a second, in 1.00 ms each, on cpu")
		require.Equal(t, len(want), strings.Count(lines, "\n"), says)
		for _, w := range want {
			require.Regexp(t, w+".*"+size, lines)
		}
	}
	says := clitest.Output(t, func() {
		require.NoError(t, Run(t.Context(), strings.Fields("-width 16 -height 8 -runs 1 -model "+file)))
	})
	require.Contains(t, says, "anti-aliased, filters 2,3,4, 1 residual block, one 16x8 picture")
	require.ErrorContains(t, Run(t.Context(), []string{"-model", "nowhere.pth"}), "-model")
}

// TestDeviceGL measures frames on a graphics card where there is one; where not, the
// error says so.
func TestDeviceGL(t *testing.T) {
	var err error
	says := clitest.Output(t, func() {
		err = Run(t.Context(), strings.Fields("-fps 1000 -filters 2,2,2 -res-blocks 1 -runs 1 -device gl"))
	})
	if err != nil && !need.Required("opengl") {
		require.ErrorIs(t, err, gpu.ErrUnavailable)
		require.ErrorContains(t, err, "-device gl")
		return
	}
	require.NoError(t, err)
	require.NotContains(t, says, "on cpu")
	require.Regexp(t, `filters 2,2,2, 1 residual block: (none, )?\d+x\d+`, says)
}

func TestCancel(t *testing.T) {
	o, err := parse([]string{"-width", "16", "-height", "8"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = measure(ctx, o)
	require.ErrorIs(t, err, context.Canceled)
}

// TestExitCode runs the test binary as the program.
func TestExitCode(t *testing.T) {
	if os.Getenv("BUDGET_ARGS") != "" {
		os.Args = append(os.Args[:1], strings.Fields(os.Getenv("BUDGET_ARGS"))...)
		cli.Main(Run)
	}
	for args, want := range map[string]int{"-h": 0, "-width 16 -height 8 -runs 1": 0, "-filters none": 2} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestExitCode$")
		cmd.Env = append(os.Environ(), "BUDGET_ARGS="+args)
		out, _ := cmd.CombinedOutput()
		require.Equal(t, want, cmd.ProcessState.ExitCode(), "%s: %s", args, out)
	}
}
