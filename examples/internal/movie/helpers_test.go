package movie

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// clip makes a video with ffmpeg; args say of what and how.
func clip(t *testing.T, name string, args ...string) string {
	t.Helper()
	need.Tool(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("ffmpeg", append(append([]string{"-v", "error"}, args...), "file:"+file)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return file
}

// pattern is a moving test picture of that many frames.
func pattern(size, rate string, frames int) []string {
	return []string{"-f", "lavfi", "-i", "testsrc=size=" + size + ":rate=" + rate, "-frames:v", strconv.Itoa(frames)}
}

// remake reads a video and writes its pictures, unchanged, to a file beside it. It
// returns that file and all that was said.
func remake(t *testing.T, in, name string, pixels Pixels) (out string, notes []string) {
	t.Helper()
	v, err := Probe(t.Context(), in)
	require.NoError(t, err)
	losses, err := v.Loses(name, pixels)
	require.NoError(t, err)
	r, err := v.Open(t.Context(), v.Width, v.Height)
	require.NoError(t, err)
	defer r.Close()
	pictures := filepath.Join(t.TempDir(), "pictures"+filepath.Ext(name))
	rgba := make([]byte, 4*v.Width*v.Height)
	var w *Writer
	for {
		f, err := r.Next(rgba)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if w == nil {
			w, err = v.Create(t.Context(), pictures, v.Width, v.Height, f.Aspect, pixels)
			require.NoError(t, err)
		}
		require.NoError(t, w.Write(rgba, f.Time))
	}
	require.NotNil(t, w)
	require.NoError(t, w.Close())
	out = filepath.Join(filepath.Dir(in), name)
	more, err := v.Finish(t.Context(), pictures, out)
	require.NoError(t, err)
	return out, append(append(v.Notes, losses...), more...)
}

// seen is what ffprobe says of a file, independent of Probe.
type seen struct {
	Streams []struct {
		Type     string `json:"codec_type"`
		Codec    string `json:"codec_name"`
		Width    int
		Height   int
		Rate     string `json:"r_frame_rate"`
		Aspect   string `json:"sample_aspect_ratio"`
		PixFmt   string `json:"pix_fmt"`
		Space    string `json:"color_space"`
		Transfer string `json:"color_transfer"`
		Tags     map[string]string
	}
	Chapters []struct{ Tags map[string]string }
	Format   struct{ Tags map[string]string }
	Frames   []struct {
		Time string `json:"best_effort_timestamp_time"`
	}
}

func look(t *testing.T, file string) (s seen) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_streams", "-show_chapters", "-show_format", "-of", "json", file).Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &s))
	out, err = exec.Command("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time", "-of", "json", file).Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &s))
	return s
}

// times are those of the frames, in seconds since the first.
func (s seen) times(t *testing.T) (times []float64) {
	t.Helper()
	for _, f := range s.Frames {
		v, err := strconv.ParseFloat(f.Time, 64)
		require.NoError(t, err)
		times = append(times, v)
	}
	first := times[0]
	for i := range times {
		times[i] -= first
	}
	return times
}

// kinds are the types and codecs of the streams.
func (s seen) kinds() (kinds []string) {
	for _, s := range s.Streams {
		kinds = append(kinds, s.Type+" "+s.Codec)
	}
	return kinds
}

// pixels decodes the first picture of a file to RGBA.
func pixels(t *testing.T, file string, options ...string) []byte {
	t.Helper()
	cmd := exec.Command("ffmpeg", append(append([]string{"-v", "error"}, options...), "-i", "file:"+file, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1")...)
	var message bytes.Buffer
	cmd.Stderr = &message
	out, err := cmd.Output()
	require.NoError(t, err, message.String())
	return out
}

// mean is the mean difference of colors.
func mean(t *testing.T, a, b []byte) float64 {
	t.Helper()
	require.Len(t, b, len(a))
	sum := 0.0
	for i := range a {
		if i%4 < 3 {
			sum += max(float64(a[i])-float64(b[i]), float64(b[i])-float64(a[i]))
		}
	}
	return sum / float64(len(a)*3/4)
}
