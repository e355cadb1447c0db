package flicker

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// drawn writes a network whose results have contrast.
func drawn(t *testing.T, dir, name string, seed uint64) string {
	t.Helper()
	d := nn.NewTransformerNet(reference.New(), [3]int{4, 6, 8}, 1, seed).StateDict()
	for _, e := range []struct {
		name        string
		factor, add float32
	}{{"deconv3.conv2d.weight", 60, 0}, {"deconv3.conv2d.bias", 1, 128}} {
		for i := range d.Lookup(e.name).Data {
			d.Lookup(e.name).Data[i] = e.factor*d.Lookup(e.name).Data[i] + e.add
		}
	}
	path := filepath.Join(dir, name)
	require.NoError(t, weights.WriteFile(path, d))
	return path
}

// TestPictures compares a style with itself: the columns are equal.
func TestPictures(t *testing.T) {
	dir := t.TempDir()
	a := drawn(t, dir, "a.pth", 3)
	in := filepath.Join(dir, "in.png")
	require.NoError(t, imageio.Save(in, paint.Scene(5, 160, 120), imageio.SaveOptions{}))
	figures, heat := filepath.Join(dir, "f.json"), filepath.Join(dir, "heat.png")
	require.NoError(t, Run(context.Background(), []string{"-model", a, "-with", a, "-in", in, "-json", figures, "-heat", heat}))
	text, err := os.ReadFile(figures)
	require.NoError(t, err)
	var styles []map[string]any
	require.NoError(t, json.Unmarshal(text, &styles))
	require.Len(t, styles, 2)
	require.Equal(t, styles[0], styles[1])
	report := styles[0]["pictures"].(map[string]any)
	require.Greater(t, report["noise_gain_1"], 0.0)
	require.Len(t, report["shift"], 8)
	require.Len(t, report["warp"], 4)
	m, err := imageio.Load(heat, imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, [2]int{320, 120}, [2]int{m.W, m.H})
}

func TestClip(t *testing.T) {
	ffmpeg := need.Tool(t, "ffmpeg")
	dir := t.TempDir()
	a, b := drawn(t, dir, "a.pth", 3), drawn(t, dir, "b.pth", 4)
	clip, out := filepath.Join(dir, "in.mp4"), filepath.Join(dir, "out.mp4")
	made, err := exec.Command(ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=1", clip).CombinedOutput()
	require.NoError(t, err, "%s", made)
	figures := filepath.Join(dir, "f.json")
	require.NoError(t, Run(context.Background(), []string{"-model", a, "-with", b, "-in", clip, "-frames", "5", "-video", out, "-json", figures}))
	text, err := os.ReadFile(figures)
	require.NoError(t, err)
	require.Contains(t, string(text), `"frames": 5`)
	// Original and two styles above, their changes below.
	probe, err := exec.Command("ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=width,height,nb_read_frames", "-of", "csv=p=0", out).Output()
	require.NoError(t, err)
	require.Equal(t, "480,240,5", strings.TrimSpace(string(probe)))
	rest, err := filepath.Glob(filepath.Join(dir, ".flicker-*"))
	require.NoError(t, err)
	require.Empty(t, rest)
}

func TestUsage(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "-model is missing"},
		{"-model a -rows 10", "-rows 10"},
		{"-model a -video b.png", "-video b.png"},
		{"-model a -heat b.mp4", "-heat"},
		{"-model a -in b.mp4 -heat c.png", "-heat is for pictures"},
		{"-model a -frames 1", "-frames 1"},
		{"-model a -pictures 0", "-pictures 0"},
	} {
		require.ErrorContains(t, Run(context.Background(), strings.Fields(c.args)), c.want)
	}
}

func TestRatio(t *testing.T) {
	require.Equal(t, "0.50", ratio(1, 2))
	require.Equal(t, "-", ratio(math.Inf(1), 0))
}

// TestNames: two styles are told apart.
func TestNames(t *testing.T) {
	for want, models := range map[string][]string{
		"a.pth":                 {"runs/one/a.pth"},
		"a.pth b.pth":           {"runs/one/a.pth", "runs/one/b.pth"},
		"one/a.pth two/a.pth":   {"runs/one/a.pth", "runs/two/a.pth"},
		"a.pth x/a.pth":         {"a.pth", "x/a.pth"},
		"runs/a.pth runs/a.pth": {"runs/a.pth", "runs/a.pth"},
	} {
		var styles []*style
		for _, m := range models {
			styles = append(styles, &style{Model: m})
		}
		require.Equal(t, want, strings.Join(names(styles), " "))
	}
}
