package studio

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
)

// newStudio serves a folder on a free port until the test ends.
func newStudio(t *testing.T, dir string) *studio {
	t.Helper()
	s, err := open(dir)
	require.NoError(t, err)
	require.NoError(t, s.listen("localhost:0"))
	t.Cleanup(s.close)
	return s
}

// writeRun makes a run's folder as training leaves it, of two epochs of steps/2 batches.
func writeRun(t *testing.T, dir string, steps int, speed float64, outcome string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o777))
	r, err := report.NewRun("train", map[string]any{"dataset": "", "style": "", "steps": steps, "lr": 0.001, "hostile": "<script>alert(1)</script>"}, 1, "cpu (plain, 2 threads)")
	require.NoError(t, err)
	if outcome != "" {
		r.End(outcome, steps, map[string]report.Number{"content": 1e5, "style": 2e5})
	}
	require.NoError(t, r.Write(filepath.Join(dir, "run.json")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "losses.csv"), []byte(rows(0, steps, speed)), 0o666))
	for i := 1; i <= 4; i++ {
		step := i * steps / 4
		epoch, batch := (step-1)/(steps/2), (step-1)%(steps/2)+1
		savePNG(t, filepath.Join(dir, fmt.Sprintf("ckpt_epoch_%d_batch_id_%d.png", epoch, batch)), paint.Scene(uint64(step), 192, 108))
	}
	savePNG(t, filepath.Join(dir, "style.png"), paint.Style(1, 96))
	savePNG(t, filepath.Join(dir, "test.png"), paint.Scene(uint64(steps), 192, 108))
}

// rows are lines of losses.csv, for the first with the header.
func rows(from, to int, speed float64) string {
	var b strings.Builder
	if from == 0 {
		b.WriteString("step,epoch,images,content,style,total\n")
	}
	for i := from + 1; i <= to; i++ {
		content, style := 1e5+3e5*math.Exp(-float64(i)*speed), 5e4+2e6*math.Exp(-float64(i)*speed)
		fmt.Fprintf(&b, "%d,%d,%d,%g,%g,%g\n", i, 1+(i-1)/(to/2), 4*((i-1)%(to/2)+1), content, style, content+style)
	}
	return b.String()
}

func savePNG(t *testing.T, path string, m *imageio.Image) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, imageio.Save(path, m, imageio.SaveOptions{}))
}

// saveModel writes a small network with drawn weights, whose results have contrast.
func saveModel(t *testing.T, path string, seed uint64) {
	t.Helper()
	be := tensor.CPU()
	defer be.Close()
	net := nn.NewTransformerNet(be, [3]int{4, 6, 8}, 1, seed)
	defer net.Free()
	d := net.StateDict()
	for i := range d {
		switch d[i].Name {
		case "deconv3.conv2d.weight":
			for j := range d[i].Data {
				d[i].Data[j] *= 100
			}
		case "deconv3.conv2d.bias":
			for j := range d[i].Data {
				d[i].Data[j] = 128
			}
		}
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, weights.WriteFile(path, d))
}

// ask sends a request as it is. Headers are "Name: value"; Host is one of them.
func ask(t *testing.T, s *studio, method, path, body string, headers ...string) (status int, header http.Header, answer string) {
	t.Helper()
	address, err := url.Parse(s.server.URL())
	require.NoError(t, err)
	c, err := net.Dial("tcp", address.Host)
	require.NoError(t, err)
	defer c.Close()
	lines := []string{"Host: " + address.Host}
	for _, h := range headers {
		if strings.HasPrefix(h, "Host:") {
			lines[0] = h
		} else {
			lines = append(lines, h)
		}
	}
	if body != "" {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	go fmt.Fprintf(c, "%s %s HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n%s", method, path, strings.Join(lines, "\r\n"), body)
	request, err := http.NewRequest(method, "/", nil)
	require.NoError(t, err)
	r, err := http.ReadResponse(bufio.NewReader(c), request)
	require.NoError(t, err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return r.StatusCode, r.Header, string(b)
}

func fetch(t *testing.T, s *studio, path string, v any) {
	t.Helper()
	status, _, body := ask(t, s, "GET", path, "")
	require.Equal(t, 200, status, "%s: %s", path, body)
	require.NoError(t, json.Unmarshal([]byte(body), v))
}
