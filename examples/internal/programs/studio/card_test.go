package studio

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/browsertest"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/imageio"
)

// TestCard makes the card of a run's model and of a model alone, and opens the first
// in a browser with WebGPU, from another folder: it needs nothing else.
func TestCard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeRun(t, filepath.Join(dir, "runs", "glass"), 8, 0.1, "finished")
	saveModel(t, filepath.Join(dir, "runs", "glass", "final.pth"), 1)
	saveModel(t, filepath.Join(dir, "alone.pth"), 2)
	savePNG(t, filepath.Join(dir, "photo.png"), paint.Scene(3, 160, 128))
	savePNG(t, filepath.Join(dir, "tiny.png"), paint.Scene(3, 40, 40))
	s := newStudio(t, dir)
	s.sizes = sizes[:1]
	hostile := `<script>alert("x")</script> & co`
	status, _, answer := send(t, s, "/tasks/card", text("model", "runs/glass/final.pth"), text("picture", "photo.png"), text("title", hostile))
	require.Equal(t, 200, status, answer)
	var result cardResult
	id, failed := finish(t, s, answer, &result)
	require.Empty(t, failed)
	status, header, page := ask(t, s, "GET", "/tasks/"+id+"/card.html", "")
	require.Equal(t, 200, status)
	require.Contains(t, header.Get("Content-Security-Policy"), "sandbox allow-scripts; default-src 'none'")
	require.NotContains(t, page, "<script>alert")
	require.NotContains(t, page, dir, "folders are nobody's business")
	require.NotContains(t, page, string(s.token))
	require.Empty(t, regexp.MustCompile(`(src|href)="?https?://[^g]`).FindString(page), "nothing is loaded from elsewhere")
	for _, told := range []string{"How still it is", "480 x 270", "final.pth", "learning rate"} {
		require.Contains(t, page, told)
	}
	status, _, picture := ask(t, s, "GET", "/tasks/"+id+"/card.png", "")
	require.Equal(t, 200, status)
	m, err := imageio.DecodeBytes([]byte(picture), imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, [2]int{pngWidth, pngHeight}, [2]int{m.W, m.H})

	elsewhere := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(elsewhere, "card.html"), []byte(page), 0o600))
	server := httptest.NewServer(http.FileServer(http.Dir(elsewhere)))
	defer server.Close()
	b := browsertest.New(t, "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
	b.Screen(1100, 1900, false, "light")
	b.Open(server.URL + "/card.html")
	b.Await("document.getElementById('time').textContent.startsWith('160x128')", true)
	require.Equal(t, hostile, b.Eval("return document.querySelector('h1').textContent"))
	require.Equal(t, "running", b.Eval("return document.getElementById('film').getAnimations()[0].playState"))
	require.Empty(t, strings.Join(b.Complaints(), "\n"))
	looks(t, b, "card", 1900)

	_, _, answer = send(t, s, "/tasks/card", text("model", "alone.pth"), text("picture", "photo.png"))
	id, failed = finish(t, s, answer, &result)
	require.Empty(t, failed)
	require.Equal(t, "alone", result.Title)
	for _, c := range []struct{ field, value, says string }{
		{"picture", "tiny.png", "does not fit a card"}, {"picture", "../x.png", "no picture"}, {"title", strings.Repeat("x", 61), "title"},
	} {
		_, _, answer = send(t, s, "/tasks/card", text("model", "alone.pth"), text(c.field, c.value))
		_, failed = finish(t, s, answer, nil)
		require.Contains(t, failed, c.says)
	}
	b.Screen(1280, 800, false, "light")
	b.Open(s.server.URL() + "tasks/" + id + "/card.html")
	b.Await("document.querySelector('h1')?.textContent", "alone")
	b.Open(s.server.URL() + "cards")
	b.Await("document.getElementById('model').options.length", 2.0)
	b.Await(`document.querySelector('#picture option[value="photo.png"]') !== null`, true)
	b.Eval("document.getElementById('model').value = 'alone.pth'; document.getElementById('picture').value = 'photo.png'")
	b.Click("#make")
	b.Await("document.querySelector('#card img')?.naturalWidth", 1200.0)
	looks(t, b, "cards", 800)
	require.Empty(t, strings.Join(b.Complaints(), "\n"))
}

func TestWithoutFolders(t *testing.T) {
	file, err := filepath.Abs("photos.zip:3")
	require.NoError(t, err)
	for _, c := range [][2]any{{file, "photos.zip:3"}, {[]any{file, "b"}, "photos.zip:3, b"}, {[]any{}, ""}, {"random", "random"}, {2.5, 2.5}, {nil, nil}} {
		require.Equal(t, c[1], withoutFolders(c[0]))
	}
}

// TestCardGL times a style on the graphics card as well.
func TestCardGL(t *testing.T) {
	d, err := gpu.Open()
	if err != nil {
		need.Missing(t, "opengl", "%v", err)
	}
	require.NoError(t, d.Close())
	dir := t.TempDir()
	saveModel(t, filepath.Join(dir, "alone.pth"), 2)
	savePNG(t, filepath.Join(dir, "photo.png"), paint.Scene(3, 160, 128))
	s := newStudio(t, dir)
	s.sizes = [][2]int{{64, 48}}
	_, _, answer := send(t, s, "/tasks/card", text("model", "alone.pth"), text("picture", "photo.png"))
	id, failed := finish(t, s, answer, nil)
	require.Empty(t, failed)
	_, _, page := ask(t, s, "GET", "/tasks/"+id+"/card.html", "")
	require.Equal(t, 2, strings.Count(page, "64 x 48"))
	require.Contains(t, page, "On opengl (")
}
