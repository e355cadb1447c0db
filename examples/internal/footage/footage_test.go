package footage

import (
	"context"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
)

// film makes a video of 30 frames: a red picture with a little noise, a green one, and
// the red one again, 10 frames each, of the given width and height of a pixel.
func film(t *testing.T, sar string) string {
	t.Helper()
	need.Tool(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), "a:3 film.mkv")
	part := func(c string) string { return "color=" + c + ":size=64x48:rate=10:duration=1,noise=alls=6:allf=t" }
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", part("red"), "-f", "lavfi", "-i", part("green"), "-f", "lavfi", "-i", part("red"),
		"-filter_complex", "[0][1][2]concat=n=3,setsar="+sar, "-c:v", "ffv1", "file:"+file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return file
}

func silent(string) {}

// TestOpen keeps the first frame of each part, finds the file again wherever the video
// lies by then, and makes a damaged one anew.
func TestOpen(t *testing.T) {
	video, cache := film(t, "1"), filepath.Join(t.TempDir(), "cache")
	require.True(t, Is(video))
	require.False(t, Is(cache))
	begun := 0
	open := func(path string, size int) *Footage {
		f, err := Open(context.Background(), path, cache, size, false, func(line string) {
			require.Contains(t, line, "once")
			begun++
		})
		require.NoError(t, err)
		return f
	}
	require.NoError(t, os.MkdirAll(cache, 0o777))
	for _, name := range []string{".0123-16.pack1", ".notes.txt1"} { // of one that was killed, and another's
		require.NoError(t, os.WriteFile(filepath.Join(cache, name), nil, 0o666))
	}
	f := open(video, 16)
	require.Equal(t, 1, begun)
	require.NoFileExists(t, filepath.Join(cache, ".0123-16.pack1"))
	require.FileExists(t, filepath.Join(cache, ".notes.txt1"))
	require.Contains(t, f.Note, "3 of the 30 frames")
	require.Equal(t, 3, f.Len())
	require.Equal(t, "a:3 film.mkv frame 11", f.Name(1))
	for i, want := range []color.NRGBA{{R: 255}, {G: 128}, {R: 255}} {
		m, err := f.Load(i)
		require.NoError(t, err)
		require.Equal(t, [2]int{16, 16}, [2]int{m.W, m.H})
		var mean [3]float64
		for k, v := range m.Pix {
			mean[k%3] += float64(v) / (16 * 16)
		}
		require.InDeltaSlice(t, []float64{float64(want.R), float64(want.G), float64(want.B)}, mean[:], 8)
	}
	before := dataset.Fingerprint(f)
	require.NoError(t, f.Close())

	moved := filepath.Join(t.TempDir(), "moved.mkv")
	require.NoError(t, os.Rename(video, moved))
	f = open(moved, 16)
	require.Equal(t, 1, begun)
	require.Empty(t, f.Note)
	require.Equal(t, before, dataset.Fingerprint(f))
	require.NoError(t, f.Close())
	f = open(moved, 8)
	require.Equal(t, 2, begun)
	require.Equal(t, before, dataset.Fingerprint(f), "of the video, not of the size")
	require.NoError(t, f.Close())

	files, err := filepath.Glob(filepath.Join(cache, "*-16.pack"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NoError(t, os.Truncate(files[0], 1000))
	f = open(moved, 16)
	require.Equal(t, 3, begun)
	require.Equal(t, 3, f.Len())
	require.NoError(t, f.Close())
}

// TestNotes: what is not as it seems in a video is told with the number of its frames.
func TestNotes(t *testing.T) {
	need.Tool(t, "ffmpeg")
	video := filepath.Join(t.TempDir(), "x.mkv")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=white:size=32x32:rate=10:duration=0.5", "-map", "0", "-map", "0", "-c:v", "ffv1", video).CombinedOutput()
	require.NoError(t, err, "%s", out)
	f, err := Open(context.Background(), video, t.TempDir(), 16, false, silent)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Contains(t, f.Note, "1 of the 5 frames")
	require.Contains(t, f.Note, "it has 2 video tracks")
}

// TestAlike: a picture passes if it differs from the last that passed by more than 4
// levels, brighter or darker.
func TestAlike(t *testing.T) {
	flat := func(level uint8) *imageio.Image {
		m := imageio.New(40, 36)
		for i := range m.Pix {
			m.Pix[i] = level
		}
		return m
	}
	s := &sieve{}
	for _, c := range []struct {
		level  uint8
		passes bool
	}{{100, true}, {104, false}, {96, false}, {105, true}, {100, true}, {95, true}} {
		require.Equal(t, c.passes, s.passes(flat(c.level)), c.level)
	}
}

// TestPixelsThatAreNotSquare become square before the square is cut out of the middle:
// of a picture whose left and right quarters are black, and whose pixels are twice as
// wide as high, it shows no black.
func TestPixelsThatAreNotSquare(t *testing.T) {
	need.Tool(t, "ffmpeg")
	for aspect, black := range map[string]bool{"1": true, "2": false} {
		video := filepath.Join(t.TempDir(), "x.mkv")
		out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=white:size=32x48:rate=10:duration=1,pad=64:48:16:0:black,setsar="+aspect,
			"-c:v", "ffv1", video).CombinedOutput()
		require.NoError(t, err, "%s", out)
		f, err := Open(context.Background(), video, t.TempDir(), 48, false, silent)
		require.NoError(t, err)
		m, err := f.Load(0)
		require.NoError(t, err)
		require.Equal(t, black, m.Pix[3*(24*48+2)] < 50)
		require.NoError(t, f.Close())
	}
}

func TestErrors(t *testing.T) {
	video, dir := film(t, "1"), t.TempDir()
	broken := filepath.Join(dir, "broken.mp4")
	require.NoError(t, os.WriteFile(broken, []byte("no film"), 0o666))
	for _, path := range []string{broken, filepath.Join(dir, "missing.mp4")} {
		_, err := Open(context.Background(), path, dir, 16, false, silent)
		require.ErrorContains(t, err, filepath.Base(path))
	}
	ctx, stop := context.WithCancel(context.Background())
	_, err := Open(ctx, video, dir, 16, false, func(string) { stop() })
	require.ErrorIs(t, err, context.Canceled)
	_, err = Open(ctx, video, dir, 16, false, func(string) { t.Error("it begins after the end") })
	require.ErrorIs(t, err, context.Canceled)

	// It may end at any frame.
	asked := &patient{Context: context.Background(), left: 1000}
	f, err := Open(asked, video, filepath.Join(dir, "cache"), 16, false, silent)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Greater(t, 1000-asked.left, 30, "once a frame")
	asked.left = 1000 - asked.left - 15
	_, err = Open(asked, video, dir, 16, false, silent)
	require.ErrorIs(t, err, context.Canceled)
	requireOnly(t, dir, "broken.mp4", "cache")
}

// patient is a context that ends when it has been asked so often.
type patient struct {
	context.Context
	left int
}

func (p *patient) Err() error {
	if p.left--; p.left < 0 {
		return context.Canceled
	}
	return nil
}

// requireOnly checks which files a folder has.
func requireOnly(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, want, names)
}

// TestKilled kills processes that decode, at some time or other: the next one makes or
// finds a whole file and leaves nothing else.
func TestKilled(t *testing.T) {
	if args := os.Getenv("IMPASTO_TEST_FOOTAGE"); args != "" {
		video, cache, _ := strings.Cut(args, "\n")
		_, err := Open(context.Background(), video, cache, 64, true, func(string) { os.Stdout.WriteString("begins\n") })
		require.NoError(t, err)
		return
	}
	if runtime.GOOS == "windows" {
		need.Missing(t, "platform", "an open file cannot be removed on Windows")
	}
	video, cache := film(t, "1"), t.TempDir()
	for i := range 4 {
		p := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		p.Env = append(os.Environ(), "IMPASTO_TEST_FOOTAGE="+video+"\n"+cache)
		out, err := p.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, p.Start())
		_, err = out.Read(make([]byte, 8))
		require.NoError(t, err)
		time.Sleep(time.Duration(i) * 40 * time.Millisecond)
		require.NoError(t, p.Process.Kill())
		_ = p.Wait()
		made, err := filepath.Glob(filepath.Join(cache, "*.pack"))
		require.NoError(t, err)
		for _, path := range made { // it was faster: again from the start
			require.NoError(t, os.Remove(path))
		}
	}
	f, err := Open(context.Background(), video, cache, 64, false, silent)
	require.NoError(t, err)
	require.NoError(t, f.Verify())
	require.Equal(t, 3, f.Len())
	require.NoError(t, f.Close())
	entries, err := os.ReadDir(cache)
	require.NoError(t, err)
	require.Len(t, entries, 1, "%v", entries)
}
