package studio

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
)

// part is a field, or a file if it has a name.
type part struct {
	field, file string
	data        []byte
}

func text(field, value string) part { return part{field, "", []byte(value)} }

// body encodes parts and returns the header that goes with them.
func body(parts ...part) (text, header string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		var to io.Writer
		if p.file == "" {
			to, _ = w.CreateFormField(p.field)
		} else {
			to, _ = w.CreateFormFile(p.field, p.file)
		}
		_, _ = to.Write(p.data)
	}
	_ = w.Close()
	return b.String(), "Content-Type: " + w.FormDataContentType()
}

// send posts parts with the token.
func send(t *testing.T, s *studio, path string, parts ...part) (status int, header http.Header, answer string) {
	t.Helper()
	b, kind := body(parts...)
	return ask(t, s, "POST", path, b, kind, "X-Token: "+string(s.token))
}

// finish waits for a task.
func finish(t *testing.T, s *studio, answer string, result any) (id, failed string) {
	t.Helper()
	var started struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(answer), &started), answer)
	for {
		var state struct {
			Ended  bool
			Error  string
			Result json.RawMessage
		}
		fetch(t, s, "/tasks/"+started.ID, &state)
		if state.Ended {
			if state.Error == "" && result != nil {
				require.NoError(t, json.Unmarshal(state.Result, result))
			}
			return started.ID, state.Error
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestStyle: a picture that is sent, or one of the folder, comes back as the library
// styles it.
func TestStyle(t *testing.T) {
	dir := t.TempDir()
	saveModel(t, filepath.Join(dir, "glass.pth"), 1)
	m := paint.Scene(3, 120, 90)
	savePNG(t, filepath.Join(dir, "photo.png"), m)
	file, err := os.ReadFile(filepath.Join(dir, "photo.png"))
	require.NoError(t, err)
	mask := imageio.New(120, 90)
	for i := range 120 * 45 * 3 {
		mask.Pix[i] = 255
	}
	masked, err := pngOf(mask)
	require.NoError(t, err)
	model, err := stylize.Load(filepath.Join(dir, "glass.pth"))
	require.NoError(t, err)
	session := model.NewSession()
	defer session.Close()

	s := newStudio(t, dir)
	for name, c := range map[string]struct {
		parts []part
		set   func()
		rows  int
	}{
		"sent":  {parts: []part{{"file", "any name.png", file}}},
		"named": {parts: []part{text("picture", "photo.png")}},
		"settings": {parts: []part{text("picture", "photo.png"), text("strength", "0.25"), text("keep-color", "on")},
			set: func() { session.Strength, session.KeepColor = 0.25, true }},
		"mask":    {parts: []part{{"file", "x", file}, {"mask", "mask.png", masked}}, set: func() { require.NoError(t, session.SetMask(mask)) }},
		"smaller": {parts: []part{text("picture", "photo.png"), text("rows", "60")}, rows: 60},
	} {
		session.Strength, session.KeepColor = 1, false
		require.NoError(t, session.SetMask(nil))
		if c.set != nil {
			c.set()
		}
		want, err := session.Image(reduced(m, c.rows))
		require.NoError(t, err)
		status, header, answer := send(t, s, "/style", append(c.parts, text("model", "glass.pth"))...)
		require.Equal(t, 200, status, "%s: %s", name, answer)
		require.Regexp(t, `^\d+\.\d$`, header.Get("X-Milliseconds"))
		got, err := png.Decode(strings.NewReader(answer))
		require.NoError(t, err)
		require.Equal(t, want.Pix, imageio.FromImage(got).Pix, name)
		if c.rows > 0 {
			require.Equal(t, [2]int{80, 60}, [2]int{want.W, want.H})
		}
		require.Equal(t, fmt.Sprintf("%dx%d", want.W, want.H), header.Get("X-Size"))
	}
	m.Alpha = make([]uint8, 120*90)
	for i := range m.Alpha {
		m.Alpha[i] = uint8(i % 251)
	}
	clear, err := pngOf(m)
	require.NoError(t, err)
	session.Strength, session.KeepColor = 1, false
	require.NoError(t, session.SetMask(nil))
	want, err := session.Image(m)
	require.NoError(t, err)
	status, _, answer := send(t, s, "/style", part{"file", "x", clear}, text("model", "glass.pth"))
	require.Equal(t, 200, status, answer)
	got, err := png.Decode(strings.NewReader(answer))
	require.NoError(t, err)
	require.Equal(t, want.NRGBA().Pix, got.(*image.NRGBA).Pix, "what is transparent stays so")

	status, header, answer := send(t, s, "/style", text("picture", "photo.png"), text("model", "glass.pth"), text("as", "jpeg"))
	require.Equal(t, 200, status)
	require.Equal(t, "image/jpeg", header.Get("Content-Type"))
	require.True(t, strings.HasPrefix(answer, "\xff\xd8"))
}

// TestBadUploads: what is too much, unknown or not what it says is refused with a
// sentence, and the next request is answered.
func TestBadUploads(t *testing.T) {
	dir := t.TempDir()
	saveModel(t, filepath.Join(dir, "glass.pth"), 1)
	savePNG(t, filepath.Join(dir, "photo.png"), paint.Scene(3, 64, 48))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.pth"), []byte("no weights"), 0o666))
	outside := filepath.Join(t.TempDir(), "secret.png")
	savePNG(t, outside, paint.Style(1, 32))
	s := newStudio(t, dir)
	picture, model := text("picture", "photo.png"), text("model", "glass.pth")
	bomb := "P6 20000 20000 255\n" // of 400 megapixels
	many := make([]part, maxFields+1)
	for i := range many {
		many[i] = text("x", "y")
	}
	for name, c := range map[string]struct {
		path  string
		parts []part
		want  int
		says  string
	}{
		"no model":        {"/style", []part{picture}, 400, "no model"},
		"unknown model":   {"/style", []part{picture, text("model", "other.pth")}, 400, "other.pth"},
		"broken model":    {"/style", []part{picture, text("model", "broken.pth")}, 400, "broken.pth"},
		"a picture":       {"/style", []part{picture, text("model", "photo.png")}, 400, "no model"},
		"no picture":      {"/style", []part{model}, 400, "no picture"},
		"traversal":       {"/style", []part{model, text("picture", "../"+filepath.Base(filepath.Dir(outside))+"/secret.png")}, 400, "no picture"},
		"absolute":        {"/style", []part{model, text("picture", outside)}, 400, "no picture"},
		"no image":        {"/style", []part{model, {"file", "x.png", []byte("hello")}}, 400, "not a PNG"},
		"bomb":            {"/style", []part{model, {"file", "x.ppm", []byte(bomb)}}, 400, "large"},
		"strength":        {"/style", []part{model, picture, text("strength", "NaN")}, 400, "strength"},
		"rows":            {"/style", []part{model, picture, text("rows", "1e9")}, 400, "rows"},
		"mask":            {"/style", []part{model, picture, {"mask", "m.png", []byte("x")}}, 400, "mask"},
		"long field":      {"/style", []part{model, picture, text("x", strings.Repeat("x", maxField+1))}, 400, "more than"},
		"many fields":     {"/style", many, 400, "fields"},
		"other file":      {"/style", []part{model, picture, {"script", "x.sh", []byte("x")}}, 400, "script"},
		"clip as picture": {"/style", []part{model, {"file", "x.mp4", []byte("x")}}, 400, "not a PNG"},
		"huge":            {"/style", []part{model, {"file", "x.png", make([]byte, maxPictureBytes+1)}}, 400, "more than"},
	} {
		status, _, answer := send(t, s, c.path, c.parts...)
		require.Equal(t, c.want, status, "%s: %s", name, answer)
		require.Contains(t, answer, c.says, name)
		require.NotContains(t, answer, dir, name)
	}
	for name, c := range map[string]struct {
		body, kind, token string
		want              int
	}{
		"no token":    {"x", "Content-Type: multipart/form-data; boundary=b", "", 403},
		"wrong token": {"x", "Content-Type: multipart/form-data; boundary=b", "x", 403},
		"no form":     {"{}", "Content-Type: application/json", string(s.token), 400},
		"cut":         {"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nxx", "Content-Type: multipart/form-data; boundary=b", string(s.token), 400},
	} {
		for _, path := range []string{"/style", "/tasks/clip", "/tasks/flicker"} {
			status, _, answer := ask(t, s, "POST", path, c.body, c.kind, "X-Token: "+c.token)
			require.Equal(t, c.want, status, "%s %s: %s", name, path, answer)
		}
	}
	status, _, _ := send(t, s, "/style", model, picture)
	require.Equal(t, 200, status)
	status, _, _ = send(t, s, "/tasks/clip", part{"file", "x.mp4", []byte("x")}, text("x", strings.Repeat("x", maxField+1)))
	require.Equal(t, 400, status)
	clips, err := filepath.Glob(filepath.Join(s.scratch, "clip-*"))
	require.NoError(t, err)
	require.Empty(t, clips, "what came before the fault goes")
}

// TestEndlessUpload: a body without end is cut off at the limit, and one that says
// beforehand that it is too large is not read.
func TestEndlessUpload(t *testing.T) {
	s := newStudio(t, t.TempDir())
	address := strings.TrimSuffix(strings.TrimPrefix(s.server.URL(), "http://"), "/")
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer c.Close()
	go func() {
		fmt.Fprintf(c, "POST /style HTTP/1.1\r\nHost: %s\r\nX-Token: %s\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n", address, s.token)
		start := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n"
		fmt.Fprintf(c, "%x\r\n%s\r\n", len(start), start)
		chunk := strings.Repeat("x", 1<<20)
		for {
			if _, err := fmt.Fprintf(c, "%x\r\n%s\r\n", len(chunk), chunk); err != nil {
				return
			}
		}
	}()
	b := make([]byte, 12)
	_, err = io.ReadFull(c, b)
	if err == nil { // unless the connection was closed before the answer was read
		require.Equal(t, "HTTP/1.1 400", string(b))
	}
	require.Eventually(t, func() bool { return len(s.uploads) == 0 }, patience, 10*time.Millisecond)
}

// TestSlowUploads: those who send nothing take the places of uploads, others are told
// so; once they are gone, or their time is over, there is room again.
func TestSlowUploads(t *testing.T) {
	dir := t.TempDir()
	saveModel(t, filepath.Join(dir, "glass.pth"), 1)
	savePNG(t, filepath.Join(dir, "photo.png"), paint.Scene(3, 64, 48))
	s := newStudio(t, dir)
	address := strings.TrimSuffix(strings.TrimPrefix(s.server.URL(), "http://"), "/")
	var slow []net.Conn
	for range maxUploads {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		slow = append(slow, c)
		fmt.Fprintf(c, "POST /style HTTP/1.1\r\nHost: %s\r\nX-Token: %s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100\r\n\r\n--b", address, s.token)
	}
	require.Eventually(t, func() bool { return len(s.uploads) == maxUploads }, patience, 10*time.Millisecond)
	status, _, answer := send(t, s, "/style", text("model", "glass.pth"), text("picture", "photo.png"))
	require.Equal(t, 503, status)
	require.Contains(t, answer, "busy")
	for _, c := range slow {
		c.Close()
	}
	require.Eventually(t, func() bool { return len(s.uploads) == 0 }, patience, 10*time.Millisecond)
	status, _, _ = send(t, s, "/style", text("model", "glass.pth"), text("picture", "photo.png"))
	require.Equal(t, 200, status)
}

// TestLeft: a request whose browser has left while it waits for its turn is over, and
// more than a few may not wait.
func TestLeft(t *testing.T) {
	b := newBench(nil)
	done, err := b.take(context.Background())
	require.NoError(t, err)
	ctx, leave := context.WithCancel(context.Background())
	ended := make(chan error)
	for range maxWaiting {
		go func() {
			_, err := b.take(ctx)
			ended <- err
		}()
	}
	require.Eventually(t, func() bool { return len(b.waiting) == maxWaiting }, patience, time.Millisecond)
	_, err = b.take(context.Background())
	require.ErrorIs(t, err, errBusy)
	leave()
	for range maxWaiting {
		require.ErrorIs(t, <-ended, context.Canceled)
	}
	done()
	done, err = b.take(context.Background())
	require.NoError(t, err)
	done()
}

// makeClip makes a clip of n frames.
func makeClip(t *testing.T, path string, n int) {
	t.Helper()
	out, err := exec.Command(need.Tool(t, "ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x128:rate=10",
		"-frames:v", fmt.Sprint(n), "-pix_fmt", "yuv420p", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// TestClip styles a clip that is sent and one of the folder, and leaves nothing behind.
func TestClip(t *testing.T) {
	dir := t.TempDir()
	makeClip(t, filepath.Join(dir, "film.mp4"), 5)
	saveModel(t, filepath.Join(dir, "glass.pth"), 1)
	sent, err := os.ReadFile(filepath.Join(dir, "film.mp4"))
	require.NoError(t, err)
	s := newStudio(t, dir)
	for _, p := range []part{{"file", "../../x.MP4", sent}, text("picture", "film.mp4")} {
		status, _, answer := send(t, s, "/tasks/clip", text("model", "glass.pth"), text("rows", "64"), p)
		require.Equal(t, 200, status, answer)
		var result clipResult
		id, failed := finish(t, s, answer, &result)
		require.Empty(t, failed)
		require.Equal(t, [3]int{5, 80, 64}, [3]int{result.Frames, result.Width, result.Height})
		status, header, video := ask(t, s, "GET", "/tasks/"+id+"/styled.mp4", "")
		require.Equal(t, 200, status)
		require.Equal(t, "video/mp4", header.Get("Content-Type"))
		require.Contains(t, video[:64], "ftyp")
		status, _, _ = ask(t, s, "GET", "/tasks/"+id+"/..%2f..%2fx", "")
		require.Equal(t, 404, status)
	}
	status, _, answer := send(t, s, "/tasks/clip", text("model", "glass.pth"), part{"file", "x.mp4", []byte("no film")})
	require.Equal(t, 200, status)
	_, failed := finish(t, s, answer, nil)
	require.Contains(t, failed, "ffprobe cannot read it")
	s.close()
	require.NoDirExists(t, s.scratch)
}

// TestFlicker measures two models on a picture and on a clip.
func TestFlicker(t *testing.T) {
	dir := t.TempDir()
	saveModel(t, filepath.Join(dir, "a.pth"), 1)
	saveModel(t, filepath.Join(dir, "b.pth"), 2)
	savePNG(t, filepath.Join(dir, "photo.png"), paint.Scene(3, 160, 132))
	savePNG(t, filepath.Join(dir, "small.png"), paint.Scene(3, 64, 48))
	makeClip(t, filepath.Join(dir, "film.mp4"), 4)
	s := newStudio(t, dir)
	status, _, answer := send(t, s, "/tasks/flicker", text("model", "a.pth"), text("with", "b.pth"), text("picture", "photo.png"), text("rows", "132"))
	require.Equal(t, 200, status, answer)
	var result flickerResult
	id, failed := finish(t, s, answer, &result)
	require.Empty(t, failed)
	require.Len(t, result.Styles, 2)
	require.Equal(t, shownFrames, result.Frames)
	require.NotEqual(t, result.Styles[0].Report.NoiseGain1, result.Styles[1].Report.NoiseGain1)
	require.Greater(t, result.Styles[0].Report.NoiseGain1, 0.1)
	status, _, frame := ask(t, s, "GET", "/tasks/"+id+"/47.jpg", "")
	require.Equal(t, 200, status)
	m, err := imageio.DecodeBytes([]byte(frame), imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, [2]int{3 * result.Width, 2 * result.Height}, [2]int{m.W, m.H})

	status, _, answer = send(t, s, "/tasks/flicker", text("model", "a.pth"), text("picture", "film.mp4"), text("rows", "128"))
	require.Equal(t, 200, status, answer)
	result = flickerResult{}
	_, failed = finish(t, s, answer, &result)
	require.Empty(t, failed)
	require.Equal(t, 4, result.Frames)
	require.Greater(t, result.Styles[0].Clip.Change, 0.0)

	for _, c := range []struct{ field, value, says string }{{"picture", "small.png", "too small"}, {"with", "c.pth", "c.pth"}, {"rows", "5", "rows"}} {
		_, _, answer = send(t, s, "/tasks/flicker", text("model", "a.pth"), text(c.field, c.value))
		_, failed = finish(t, s, answer, nil)
		require.Contains(t, failed, c.says)
	}
}

// TestTasks: a task that nobody asks for ends, one that is canceled too, and there are
// not more than a few.
func TestTasks(t *testing.T) {
	s := newStudio(t, t.TempDir())
	wait := func(ctx context.Context, _ *task) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	result := filepath.Join(t.TempDir(), "styled.mp4")
	require.NoError(t, os.WriteFile(result, nil, 0o600))
	var all []*task
	for range maxTasks {
		w, err := s.tasks.start(wait)
		require.NoError(t, err)
		all = append(all, w)
	}
	_, err := s.tasks.start(wait)
	require.ErrorIs(t, err, errBusy)
	require.NoError(t, all[0].keep("styled.mp4", taskFile{path: result}))
	require.ErrorContains(t, all[1].keep("x", taskFile{data: make([]byte, maxResults+1)}), "more than 64 MB")
	status, _, _ := ask(t, s, "POST", "/tasks/"+all[0].id+"/cancel", "")
	require.Equal(t, 403, status)
	status, _, _ = ask(t, s, "POST", "/tasks/"+all[0].id+"/cancel", "", "X-Token: "+string(s.token))
	require.Equal(t, 204, status)
	require.Eventually(t, all[0].over, patience, 10*time.Millisecond)
	all[1].mu.Lock()
	all[1].asked = time.Now().Add(-unasked - time.Second)
	all[1].mu.Unlock()
	require.Eventually(t, all[1].over, patience, 10*time.Millisecond)
	_, err = s.tasks.start(wait)
	require.NoError(t, err, "an ended one has made room")
	require.Nil(t, s.tasks.find(all[0].id))
	require.NoFileExists(t, result)
}
