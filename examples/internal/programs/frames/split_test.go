package frames

import (
	"context"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/internal/need"
)

// clip makes a one-second test video of 10 frames, 64x48.
func clip(t *testing.T) string {
	t.Helper()
	need.Tool(t, "ffmpeg")
	// A name that would be an option, a protocol and a pattern.
	file := filepath.Join(t.TempDir(), "-concat:a%05d.mkv")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1",
		"-c:v", "ffv1", "file:"+file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return file
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestSplit(t *testing.T) {
	in := clip(t)
	out := filepath.Join(t.TempDir(), "data%03dset", "video_frames")
	ctx := context.Background()

	n, err := split(ctx, in, out, 1, false)
	require.NoError(t, err)
	require.Equal(t, 10, n)
	require.Equal(t, []string{"00001.png", "00002.png", "00003.png", "00004.png", "00005.png",
		"00006.png", "00007.png", "00008.png", "00009.png", "00010.png"}, names(t, out))
	f, err := os.Open(filepath.Join(out, "00010.png"))
	require.NoError(t, err)
	defer f.Close()
	config, err := png.DecodeConfig(f)
	require.NoError(t, err)
	require.Equal(t, [2]int{64, 48}, [2]int{config.Width, config.Height})

	fourth, err := os.ReadFile(filepath.Join(out, "00004.png"))
	require.NoError(t, err)
	other := filepath.Join(out, "kept.png")
	require.NoError(t, os.WriteFile(other, nil, 0o666))
	_, err = split(ctx, in, out, 3, false)
	require.ErrorContains(t, err, "-force")
	require.Len(t, names(t, out), 11)

	n, err = split(ctx, in, out, 3, true)
	require.NoError(t, err)
	require.Equal(t, 4, n)
	require.Equal(t, []string{"00001.png", "00002.png", "00003.png", "00004.png", "kept.png"}, names(t, out))
	second, err := os.ReadFile(filepath.Join(out, "00002.png"))
	require.NoError(t, err)
	require.Equal(t, fourth, second, "with -every 3 the second image is the fourth frame")
}

func TestSplitFailures(t *testing.T) {
	in := clip(t)
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.mp4")
	require.NoError(t, os.WriteFile(garbage, []byte("no video at all"), 0o666))
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name, in, out string
		ctx           context.Context
		says          string
	}{
		{"garbage", garbage, "out", context.Background(), "garbage.mp4: ffprobe cannot read it"},
		{"missing", filepath.Join(dir, "none.mp4"), "out", context.Background(), "none.mp4"},
		{"directory", dir, "out", context.Background(), "directory"},
		{"file for -out", in, "garbage.mp4", context.Background(), "garbage.mp4"},
		{"interrupted", in, "out", canceled, context.Canceled.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(dir, c.out)
			_, err := split(c.ctx, c.in, out, 1, false)
			require.ErrorContains(t, err, c.says)
			if entries, err := os.ReadDir(out); err == nil {
				require.Empty(t, entries, "nothing is left behind")
			}
		})
	}
}

func TestSplitWithoutFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := split(context.Background(), "split_test.go", t.TempDir(), 1, false)
	require.ErrorIs(t, err, movie.ErrNoFFmpeg)
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "-in is missing"},
		{[]string{"-in", "a"}, "-out is missing"},
		{[]string{"-in", "a", "-out", "b", "-every", "0"}, "-every 0"},
		{[]string{"-in", "a", "-out", "b", "c"}, `"c"`},
	} {
		require.ErrorContains(t, Run(context.Background(), c.args), c.says)
	}
}
