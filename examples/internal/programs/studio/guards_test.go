package studio

import (
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRefusals tries what other sites, other names, and wrong paths can.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	writeRun(t, filepath.Join(dir, "one"), 8, 0.1, "finished")
	s := newStudio(t, dir)
	run := "/runs/" + runID("one")
	address, err := url.Parse(s.server.URL())
	require.NoError(t, err)
	port := address.Port()
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/", nil, 200},
		{"GET", "/library.json", nil, 200},
		{"GET", "/library.json", []string{"Host: evil.example:" + port}, 421},
		{"GET", "/library.json", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"GET", "/runs.json", []string{"Sec-Fetch-Site: same-site"}, 403},
		{"GET", "/", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 200},
		{"GET", run + "/", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 403},
		{"GET", run + "/", nil, 200},
		{"GET", run + "/state.json", nil, 200},
		{"GET", run, nil, 307},
		{"GET", run + "/run.json/", nil, 404},
		{"GET", run + "/losses.csv", nil, 404},
		{"GET", run + "/../../etc/passwd", nil, 307},
		{"GET", run + "/samples/..%2f..%2frun.json", nil, 404},
		{"GET", "/runs/" + runID("two") + "/", nil, 404},
		{"GET", "/runs/..%2fone/", nil, 404},
		{"GET", "/web/layout.html", nil, 404},
		{"GET", "/layout.html", nil, 404},
		{"GET", "/one/run.json", nil, 404},
		{"POST", "/runs.json", nil, 405},
		{"DELETE", run + "/", nil, 405},
	} {
		status, header, body := ask(t, s, c.method, c.path, "", c.headers...)
		require.Equal(t, c.want, status, "%s %s %v", c.method, c.path, c.headers)
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'")
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.Empty(t, header.Get("Access-Control-Allow-Origin"))
		if status != 200 {
			require.NotContains(t, body, string(s.token))
		}
	}
}
