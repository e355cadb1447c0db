package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/browsertest"
	"github.com/impasto-go/impasto/examples/internal/loopback"
	"github.com/impasto-go/impasto/examples/internal/modeltest"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
)

// camera are the flags that give Chromium a webcam, which shows a moving pattern.
var camera = []string{"--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"}

// pageOf starts a server for a network's page, and opens it.
func pageOf(t *testing.T, d statedict.Dict) *browsertest.Browser {
	modules := need.Tool(t, "ort-web")
	dir := t.TempDir()
	s := settings{model: filepath.Join(dir, "final.pth"), in: filepath.Join(dir, "in.png"), modules: modules}
	require.NoError(t, weights.WriteFile(s.model, d))
	require.NoError(t, imageio.Save(s.in, paint.Scene(7, 32, 18), imageio.SaveOptions{}))
	site, err := s.site(context.Background())
	require.NoError(t, err)
	server, err := loopback.Listen("localhost:0", site)
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	b := browsertest.New(t, append(camera, browsertest.WebGPU...)...)
	b.Open(server.URL())
	return b
}

// choose sets what the page's menus say.
func choose(b *browsertest.Browser, menu, value string) {
	b.Eval(fmt.Sprintf("const s = document.getElementById(%q); s.value = %q; s.dispatchEvent(new Event('change'))", menu, value))
}

// TestPage styles pictures of three sizes in a browser by both providers, as the
// library does, and what changes by itself.
func TestPage(t *testing.T) {
	for i, net := range []*arch.Network{
		arch.Tutorial([3]int{4, 8, 12}, 1),
		arch.PyTorchExamples([3]int{3, 5, 9}, 1),
	} {
		t.Run(net.Name, func(t *testing.T) {
			d := modeltest.Weights(net)
			b := pageOf(t, d)
			require.Equal(t, true, b.Eval("return crossOriginIsolated"))
			for _, provider := range []string{"webgpu", "wasm"} {
				if provider != "webgpu" { // which it begins with
					choose(b, "provider", provider)
				}
				b.Await("impasto.style()?.provider", provider)
				b.Await("document.getElementById('message').textContent", "")
				for _, size := range [][2]int{{32, 24}, {51, 37}, {9, 67}} {
					m := paint.Scene(3, size[0], size[1])
					requireWithinALevel(t, styled(t, d, m), inBrowser(t, b, m), fmt.Sprint(provider, size))
				}
				if i == 0 {
					sources(t, b, provider)
				}
			}
			require.Equal(t, true, b.Eval("return impasto.style().threads > 1 || navigator.hardwareConcurrency < 2"))
			require.Empty(t, b.Complaints())
		})
	}
}

// sources shows each source of pictures.
func sources(t *testing.T, b *browsertest.Browser, provider string) {
	// A processor draws for WebGPU here: it takes its time, and shows one live source.
	b.Eval(`document.getElementById("rows").append(new Option("24"))`)
	choose(b, "rows", "24")
	for _, source := range map[string][]string{"webgpu": {"game", "picture"}, "wasm": {"webcam", "game", "picture"}}[provider] {
		before := b.Eval("return impasto.frames").(float64)
		choose(b, "source", source)
		frames := 2.
		if source == "picture" {
			frames = 1
		}
		b.Await(fmt.Sprintf("impasto.frames >= %v", before+frames), true)
		b.Await("document.getElementById('source').value", source)
		b.Await("document.getElementById('message').textContent", "")
		// What is shown is a picture, and the one in the style is another.
		b.Await(`(() => {
			const pixels = id => {
				const c = document.getElementById(id);
				return c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
			};
			const x = pixels("before"), y = pixels("after");
			return x.length === y.length && new Set(x).size > 20 && new Set(y).size > 20 && y.some((v, i) => Math.abs(v - x[i]) > 20);
		})()`, true)
		b.Shot("web-" + provider + "-" + source)
	}
}

// inBrowser returns what the page makes of a picture.
func inBrowser(t *testing.T, b *browsertest.Browser, m *imageio.Image) []byte {
	b.Eval(fmt.Sprintf(`window.styled = null;
		const rgba = Uint8ClampedArray.from(atob(%q), c => c.charCodeAt(0));
		impasto.style().data(new ImageData(rgba, %d, %d)).then(
			s => window.styled = btoa(String.fromCharCode(...s.data)),
			e => window.styled = "error: " + e.message)`, base64.StdEncoding.EncodeToString(m.NRGBA().Pix), m.W, m.H))
	b.Await("typeof window.styled", "string")
	text := b.Eval("return window.styled").(string)
	rgba, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err, "%s", text)
	return rgba
}

// styled returns what the library makes of a picture.
func styled(t *testing.T, d statedict.Dict, m *imageio.Image) []byte {
	model, err := stylize.New(d)
	require.NoError(t, err)
	session := model.NewSession()
	defer session.Close()
	styled, err := session.Image(m)
	require.NoError(t, err)
	return styled.NRGBA().Pix
}

func requireWithinALevel(t *testing.T, want, got []byte, what string) {
	require.Len(t, got, len(want), what)
	most := 0
	for i := range want {
		most = max(most, int(want[i])-int(got[i]), int(got[i])-int(want[i]))
	}
	require.LessOrEqual(t, most, 1, what)
}

// TestServer serves the style with the headers that threads need, and says what is missing.
func TestServer(t *testing.T) {
	dir := t.TempDir()
	s := settings{model: filepath.Join(dir, "final.pth"), modules: dir}
	require.NoError(t, weights.WriteFile(s.model, modeltest.Weights(arch.Tutorial([3]int{4, 6, 8}, 1))))
	_, err := s.site(context.Background())
	require.ErrorContains(t, err, "npm ci --prefix examples/web")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "onnxruntime-web", "dist"), 0o700))
	site, err := s.site(context.Background())
	require.NoError(t, err)

	server, err := loopback.Listen("localhost:0", site)
	require.NoError(t, err)
	defer server.Close()
	answer, err := http.Get(server.URL() + "style.onnx")
	require.NoError(t, err)
	defer answer.Body.Close()
	graph, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NotEmpty(t, graph)
	require.Equal(t, "same-origin", answer.Header.Get("Cross-Origin-Opener-Policy"))
	require.Equal(t, "require-corp", answer.Header.Get("Cross-Origin-Embedder-Policy"))

	require.ErrorContains(t, run(context.Background(), nil), "-model is missing")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, run(ctx, []string{"-model", s.model, "-modules", dir, "-addr", "localhost:0"}), context.Canceled)
}
