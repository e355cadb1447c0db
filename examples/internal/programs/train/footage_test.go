package train

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// TestFootage trains on pictures and a video, three to one, and their mirror images,
// stops, and resumes with the video elsewhere: to the same bytes, without decoding it
// again. Another video is refused.
func TestFootage(t *testing.T) {
	need.Tool(t, "ffmpeg")
	dir := t.TempDir()
	film := func(name, source string) string {
		path := filepath.Join(dir, name)
		out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source+"=size=64x48:rate=4:duration=4", "-c:v", "ffv1", "file:"+path).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return path
	}
	video := film("game:2.mkv", "testsrc2")
	data := pictures(t, 5)
	begin := append(append([]string{}, data...), tiny...)
	begin = append(begin, "-dataset", video+":0.5", "-mirror", "-shuffle", "-seed", "3", "-epochs", "2", "-max-picture-memory", "64",
		"-stability", "1e4", "-stability-ramp", "0,0", "-stability-every", "1", "-stability-footage", "0.5")
	begin[1] += ":1.5"
	whole, part := filepath.Join(dir, "whole"), filepath.Join(dir, "part")
	require.NoError(t, Run(context.Background(), append(append([]string{}, begin...), "-out", whole)))
	require.NoError(t, Run(context.Background(), append(append([]string{}, begin...), "-out", part, "-steps", "3")))
	packs, err := filepath.Glob(filepath.Join(part, "cache", "*.pack"))
	require.NoError(t, err)
	require.Len(t, packs, 2, "frames, and what follows them")
	was := modified(t, packs)

	s, err := checkpoint.Newest(part)
	require.NoError(t, err)
	require.Len(t, s.Settings["names and sizes of the pictures of dataset 1"], len("0123456789abcdef0123456789abcdef-mirrored"))
	require.Equal(t, "0.5", s.Settings["weight of dataset 2"])

	resume := []string{"-quiet", "-resume", part, "-dataset", data[1] + ":1.5"}
	err = Run(context.Background(), append(resume, "-dataset", film("other.mkv", "testsrc")+":0.5"))
	require.ErrorContains(t, err, "of dataset 2 is")
	moved := filepath.Join(dir, "moved.mkv")
	require.NoError(t, os.Rename(video, moved))
	require.NoError(t, Run(context.Background(), append(resume, "-steps", "0", "-dataset", moved+":0.5")))
	require.Equal(t, was, modified(t, packs))
	for _, name := range []string{"final.pth", "losses.csv"} {
		want, err := os.ReadFile(filepath.Join(whole, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(part, name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), name)
	}

	// Pictures are no film.
	err = Run(context.Background(), append(append(data, tiny...), "-out", filepath.Join(dir, "none"), "-stability", "1", "-stability-footage", "0.5"))
	require.ErrorContains(t, err, "no -dataset is a video")
}

// modified returns when files were written.
func modified(t *testing.T, files []string) (times []time.Time) {
	for _, f := range files {
		info, err := os.Stat(f)
		require.NoError(t, err)
		times = append(times, info.ModTime())
	}
	return times
}
