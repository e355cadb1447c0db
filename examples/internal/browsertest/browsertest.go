// Package browsertest drives a headless Chromium in tests of pages.
package browsertest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// WebGPU are the flags with which Chromium has WebGPU without a graphics card.
var WebGPU = []string{"--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"}

// patience is for machines that are busy with other things.
const patience = 5 * time.Minute

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
	profile, err := os.MkdirTemp("", "impasto-browser")
	require.NoError(t, err)
	t.Cleanup(func() { // processes of a browser that has ended may still write there for a moment
		require.Eventually(t, func() bool { return os.RemoveAll(profile) == nil }, patience, 100*time.Millisecond)
	})
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
	flags = append([]string{
		"--headless", "--no-sandbox", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=" + filepath.Join(profile, "profile"),
	}, flags...)
	capabilities := map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"timeouts":           map[string]any{"script": patience.Milliseconds(), "pageLoad": patience.Milliseconds()},
		"goog:loggingPrefs":  map[string]any{"browser": "ALL"},
		"goog:chromeOptions": map[string]any{"binary": chromium, "args": flags},
	}}}
	for tries := 1; ; tries++ { // chromedriver waits for a minute, which a busy machine may exceed
		if err = b.ask("POST", "/session", capabilities, &session); err == nil {
			break
		}
		if tries == 5 || !strings.Contains(err.Error(), "session not created") {
			require.NoError(t, err)
		}
	}
	b.session += "/session/" + session.SessionID
	t.Cleanup(func() { b.call("DELETE", "", nil, nil) })
	return b
}

// call sends a command and decodes its value into result, unless that is nil.
func (b *Browser) call(method, command string, parameters, result any) {
	b.T.Helper()
	require.NoError(b.T, b.ask(method, command, parameters, result))
}

// ask is call for who can do something about an error.
func (b *Browser) ask(method, command string, parameters, result any) error {
	if parameters == nil {
		parameters = struct{}{}
	}
	body, err := json.Marshal(parameters)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, b.session+command, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer := struct{ Value json.RawMessage }{}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", command, answer.Value)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, result)
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
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		got := b.Eval("return " + expression)
		if got == value {
			return
		}
		if time.Now().After(end) {
			require.Equal(b.T, value, got, expression)
		}
	}
}

// Click presses the mouse on an element, which must be visible.
func (b *Browser) Click(selector string) {
	b.T.Helper()
	for _, id := range b.find(selector) {
		b.call("POST", "/element/"+id+"/click", nil, nil)
	}
}

// Hover moves the mouse onto an element, which is brought into view.
func (b *Browser) Hover(selector string) {
	b.T.Helper()
	b.Eval("document.querySelector('" + selector + `').scrollIntoView({block: "nearest"})`)
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
		"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}, nil)
	b.Devtools("Emulation.setEmulatedMedia", map[string]any{
		"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	// Observers of sizes run in a frame after its callbacks: the third comes after them.
	b.call("POST", "/execute/async", map[string]any{"args": []any{}, "script": `
		const done = arguments[0];
		requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done())))`}, nil)
}

// Devtools sends a command of the DevTools protocol and decodes its result, unless
// that is nil.
func (b *Browser) Devtools(command string, parameters map[string]any, result any) {
	b.T.Helper()
	b.call("POST", "/goog/cdp/execute", map[string]any{"cmd": command, "params": parameters}, result)
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
	var shot struct{ Data string }
	b.Devtools("Page.captureScreenshot", map[string]any{}, &shot) // chromedriver's own gives up after seconds
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(b.T, err)
	if dir := os.Getenv("IMPASTO_PICTURES"); dir != "" {
		require.NoError(b.T, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600))
	}
	return png
}
