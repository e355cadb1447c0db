// Package browsertest drives a headless Chromium in tests of pages.
package browsertest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// WebGPU are the flags with which Chromium has WebGPU without a graphics card.
var WebGPU = []string{"--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"}

// Browser is a headless Chromium, driven through chromedriver
// (www.w3.org/TR/webdriver2).
type Browser struct {
	T       *testing.T
	session string // URL
}

// New starts a browser with a fresh profile for this test, or skips it. flags are
// further ones of its command line.
func New(t *testing.T, flags ...string) *Browser {
	t.Helper()
	chromium := need.Tool(t, "chromium")
	driver := exec.Command("chromedriver", "--port=0")
	out, err := driver.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, driver.Start())
	t.Cleanup(func() {
		_ = driver.Process.Kill()
		_ = driver.Wait()
	})
	started := regexp.MustCompile(`started successfully on port (\d+)`)
	port := ""
	lines := bufio.NewScanner(out)
	for port == "" && lines.Scan() {
		if m := started.FindStringSubmatch(lines.Text()); m != nil {
			port = m[1]
		}
	}
	require.NotEmpty(t, port, "chromedriver did not start")
	go func() { _, _ = io.Copy(io.Discard, out) }()

	b := &Browser{T: t, session: "http://127.0.0.1:" + port}
	var session struct{ SessionID string }
	b.call("POST", "/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"timeouts":          map[string]any{"script": 120_000, "pageLoad": 120_000},
		"goog:loggingPrefs": map[string]any{"browser": "ALL"},
		"goog:chromeOptions": map[string]any{"binary": chromium, "args": append([]string{
			"--headless", "--no-sandbox", "--disable-quic", "--no-first-run",
			"--disable-background-networking", "--disable-component-update", "--disable-sync",
			"--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=" + filepath.Join(t.TempDir(), "profile"),
		}, flags...)},
	}}}, &session)
	b.session += "/session/" + session.SessionID
	t.Cleanup(func() { b.call("DELETE", "", nil, nil) })
	return b
}

// call sends a command and decodes its value into result, unless that is nil.
func (b *Browser) call(method, command string, parameters, result any) {
	b.T.Helper()
	body := []byte("{}")
	var err error
	if parameters != nil {
		body, err = json.Marshal(parameters)
		require.NoError(b.T, err)
	}
	request, err := http.NewRequest(method, b.session+command, bytes.NewReader(body))
	require.NoError(b.T, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(b.T, err)
	defer response.Body.Close()
	answer := struct{ Value json.RawMessage }{}
	require.NoError(b.T, json.NewDecoder(response.Body).Decode(&answer))
	require.Equal(b.T, 200, response.StatusCode, "%s: %s", command, answer.Value)
	if result != nil {
		require.NoError(b.T, json.Unmarshal(answer.Value, result))
	}
}

// Open goes to an address and waits for the page.
func (b *Browser) Open(url string) {
	b.T.Helper()
	b.call("POST", "/url", map[string]any{"url": url}, nil)
}

// Eval returns what the body of a function returns.
func (b *Browser) Eval(body string) (result any) {
	b.T.Helper()
	b.call("POST", "/execute/sync", map[string]any{"script": body, "args": []any{}}, &result)
	return result
}

// Await waits until an expression has a value.
func (b *Browser) Await(expression string, value any) {
	b.T.Helper()
	var got any
	for range 1200 { // machines may be busy
		if got = b.Eval("return " + expression); got == value {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	require.Equal(b.T, value, got, expression)
}

// Click presses the mouse on an element, which must be visible.
func (b *Browser) Click(selector string) {
	b.T.Helper()
	for _, id := range b.find(selector) {
		b.call("POST", "/element/"+id+"/click", nil, nil)
	}
}

// Hover moves the mouse onto an element, which must be visible.
func (b *Browser) Hover(selector string) {
	b.T.Helper()
	b.call("POST", "/actions", map[string]any{"actions": []any{map[string]any{
		"type": "pointer", "id": "mouse", "actions": []any{map[string]any{
			"type": "pointerMove", "x": 0, "y": 0, "duration": 0, "origin": b.find(selector)}},
	}}}, nil)
}

// find returns the reference of the first element that a selector finds.
func (b *Browser) find(selector string) (element map[string]string) {
	b.T.Helper()
	b.call("POST", "/element", map[string]any{"using": "css selector", "value": selector}, &element)
	return element
}

// Type sends keys to an element, or the path of a file to a chooser of files.
func (b *Browser) Type(selector, text string) {
	b.T.Helper()
	for _, id := range b.find(selector) {
		b.call("POST", "/element/"+id+"/value", map[string]any{"text": text}, nil)
	}
}

// Contrast returns that of an element's text with what is behind it, as it is shown
// now: from 1 for none to 21 (www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
func (b *Browser) Contrast(selector string) float64 {
	b.T.Helper()
	return b.Eval(`
		const light = color => {
			const [r, g, b] = color.match(/[\d.]+/g).slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
			return 0.2126 * r + 0.7152 * g + 0.0722 * b;
		};
		const text = document.querySelector('` + selector + `');
		let behind = text;
		while (behind.parentElement && /rgba\(.*, 0\)|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
		const a = light(getComputedStyle(text).color), b = light(getComputedStyle(behind).backgroundColor);
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);`).(float64)
}

// Screen sets the size of the page and its colors, "light" or "dark", and waits
// until the page was laid out and its observers have seen it.
func (b *Browser) Screen(width, height int, mobile bool, scheme string) {
	b.T.Helper()
	b.Devtools("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile})
	b.Devtools("Emulation.setEmulatedMedia", map[string]any{
		"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}})
	// Observers of sizes run in a frame after its callbacks: the third comes after them.
	b.call("POST", "/execute/async", map[string]any{"args": []any{}, "script": `
		const done = arguments[0];
		requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done())))`}, nil)
}

// Devtools sends a command of the DevTools protocol.
func (b *Browser) Devtools(command string, parameters map[string]any) {
	b.T.Helper()
	b.call("POST", "/goog/cdp/execute", map[string]any{"cmd": command, "params": parameters}, nil)
}

// Complaints returns the errors on the browser's console: of scripts, and for
// refused or missing sources.
func (b *Browser) Complaints() (all []string) {
	b.T.Helper()
	var entries []struct{ Level, Message string }
	b.call("POST", "/se/log", map[string]any{"type": "browser"}, &entries)
	for _, e := range entries {
		if e.Level == "SEVERE" {
			all = append(all, e.Message)
		}
	}
	return all
}

// Shot returns a PNG of the screen, and keeps it in the folder IMPASTO_PICTURES, if
// that is set, for looking at it.
func (b *Browser) Shot(name string) []byte {
	b.T.Helper()
	var encoded string
	b.call("GET", "/screenshot", nil, &encoded)
	png, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(b.T, err)
	if dir := os.Getenv("IMPASTO_PICTURES"); dir != "" {
		require.NoError(b.T, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600))
	}
	return png
}
