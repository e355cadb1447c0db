package exportshader

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/browsertest"
	"github.com/impasto-go/impasto/examples/internal/modeltest"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
)

// TestPage styles pictures of three sizes in a browser, as the library does.
func TestPage(t *testing.T) {
	for _, net := range []*arch.Network{
		arch.Tutorial([3]int{8, 16, 32}, 5),
		arch.PyTorchExamples([3]int{6, 10, 18}, 2),
		arch.AntiAliased([3]int{4, 8, 12}, 1, true),
	} {
		t.Run(net.Name, func(t *testing.T) {
			dir := t.TempDir()
			d := modeltest.Weights(net)
			model := filepath.Join(dir, "final.pth")
			require.NoError(t, weights.WriteFile(model, d))
			out := filepath.Join(dir, "style.html")
			// A processor draws for WebGPU here: it takes its time.
			in := filepath.Join(dir, "in.png")
			require.NoError(t, imageio.Save(in, paint.Scene(7, 192, 108), imageio.SaveOptions{}))
			require.NoError(t, Run(context.Background(), []string{"-model", model, "-out", out, "-in", in}))
			server := httptest.NewServer(http.FileServer(http.Dir(dir)))
			defer server.Close()

			b := browsertest.New(t, browsertest.WebGPU...)
			b.Open(server.URL + "/style.html")
			b.Await("document.getElementById('time').textContent.startsWith('192x108')", true)
			require.Empty(t, b.Complaints())
			b.Shot("style-" + net.Name)
			for _, size := range [][2]int{{64, 48}, {101, 67}, {9, 131}} {
				m := paint.Scene(3, size[0], size[1])
				got := inBrowser(t, b, m)
				want := styledRGB(t, d, m)
				most := 0
				for i := range want {
					most = max(most, max(int(want[i])-int(got[i]), int(got[i])-int(want[i])))
				}
				require.LessOrEqual(t, most, 1, "%v", size)
			}
		})
	}
}

// inBrowser returns what the page's style makes of a picture, as RGB.
func inBrowser(t *testing.T, b *browsertest.Browser, m *imageio.Image) []byte {
	rgba := make([]byte, 0, 4*m.W*m.H)
	for i := range m.W * m.H {
		rgba = append(rgba, m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2], 255)
	}
	b.Eval(fmt.Sprintf(`window.styled = null;
		impasto.ready.then(async style => {
			style.resize(%d, %d);
			style.run(Uint8Array.from(atob(%q), c => c.charCodeAt(0)), 1);
			window.styled = btoa(String.fromCharCode(...await style.read()));
		}).catch(e => window.styled = "error: " + e.message);`, m.W, m.H, base64.StdEncoding.EncodeToString(rgba)))
	b.Await("typeof window.styled", "string")
	text := b.Eval("return window.styled").(string)
	styled, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err, "%s", text)
	var rgb []byte
	for i := 0; i < len(styled); i += 4 {
		rgb = append(rgb, styled[i:i+3]...)
		require.EqualValues(t, 255, styled[i+3])
	}
	return rgb
}

func styledRGB(t *testing.T, d statedict.Dict, m *imageio.Image) []byte {
	model, err := stylize.New(d)
	require.NoError(t, err)
	session := model.NewSession()
	defer session.Close()
	styled, err := session.Image(m)
	require.NoError(t, err)
	return styled.Pix
}

// TestHalf halves the weights in a page, which the browser expands again: what it
// shows differs by little.
func TestHalf(t *testing.T) {
	net := arch.Tutorial([3]int{4, 6, 8}, 1)
	dir := t.TempDir()
	d := modeltest.Weights(net)
	model, in := filepath.Join(dir, "final.pth"), filepath.Join(dir, "in.png")
	require.NoError(t, weights.WriteFile(model, d))
	require.NoError(t, imageio.Save(in, paint.Scene(7, 64, 48), imageio.SaveOptions{}))
	require.NoError(t, Run(context.Background(), []string{"-model", model, "-out", filepath.Join(dir, "style.html"), "-in", in, "-half"}))
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	b := browsertest.New(t, browsertest.WebGPU...)
	b.Open(server.URL + "/style.html")
	b.Await("document.getElementById('time').textContent.startsWith('64x48')", true)
	m := paint.Scene(3, 64, 48)
	got, want := inBrowser(t, b, m), styledRGB(t, d, m)
	var sum float64
	for i := range want {
		sum += math.Abs(float64(want[i]) - float64(got[i]))
	}
	require.Less(t, sum/float64(len(want)), 0.5)

	d.Lookup("conv2.conv2d.weight").Data[5] = 1e5
	require.NoError(t, weights.WriteFile(model, d))
	require.ErrorContains(t, Run(context.Background(), []string{"-model", model, "-out", filepath.Join(dir, "x.gd"), "-half"}), "65504")
}

// TestPageSize keeps the promise of a page below a megabyte for the recommended
// network.
func TestPageSize(t *testing.T) {
	dir := t.TempDir()
	model, out := filepath.Join(dir, "final.pth"), filepath.Join(dir, "style.html")
	require.NoError(t, weights.WriteFile(model, modeltest.Weights(arch.Tutorial([3]int{8, 16, 32}, 5))))
	require.NoError(t, Run(context.Background(), []string{"-model", model, "-out", out}))
	info, err := os.Stat(out)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(1<<20))
}
