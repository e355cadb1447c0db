package progress

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/loopback"
)

// newPage serves a page on a free port until the test ends.
func newPage(t *testing.T, run Run, stop func()) *Page {
	t.Helper()
	p, err := Listen("localhost:0", run, stop)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// ask sends a request without following redirects. Headers are "Name: value";
// Host is one of them.
func ask(t *testing.T, p *Page, method, path string, headers ...string) (status int, header http.Header, body string) {
	t.Helper()
	address, err := url.Parse(p.URL())
	require.NoError(t, err)
	c, err := net.Dial("tcp", address.Host)
	require.NoError(t, err)
	defer c.Close()
	host := "Host: " + address.Host
	lines := ""
	for _, h := range headers {
		if strings.HasPrefix(h, "Host:") {
			host = h
		} else {
			lines += h + "\r\n"
		}
	}
	// By hand: net/http would clean paths.
	fmt.Fprintf(c, "%s %s HTTP/1.1\r\n%s\r\n%sConnection: close\r\n\r\n", method, path, host, lines)
	return response(t, c, method)
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret.png")
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
	known := filepath.Join(dir, "known.png")
	require.NoError(t, os.WriteFile(known, []byte("known"), 0o600))

	var stops atomic.Int32
	p := newPage(t, Run{Title: "<b>title</b>", Style: []byte("style")}, func() { stops.Add(1) })
	p.Sample(500, known)
	p.Sample(600, dir)
	p.Sample(700, filepath.Join(dir, "removed.png"))
	_, port, err := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(p.URL(), "http://"), "/"))
	require.NoError(t, err)
	origin := "Origin: http://localhost:" + port
	token := "X-Token: " + string(p.token)

	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/", nil, 200},
		{"HEAD", "/", nil, 200},
		{"GET", "/", []string{"Host: localhost:" + port}, 200},
		{"GET", "/", []string{"Host: LOCALHOST:" + port}, 200},
		{"GET", "/", []string{"Host: 127.0.0.1:" + port}, 200},
		{"GET", "/", []string{"Host: [::1]:" + port}, 200},
		// DNS rebinding, and other services of this computer.
		{"GET", "/", []string{"Host: evil.example:" + port}, 421},
		{"GET", "/", []string{"Host: localhost.evil.example:" + port}, 421},
		{"GET", "/", []string{"Host: localhost.:" + port}, 421},
		{"GET", "/", []string{"Host: 10.0.0.1:" + port}, 421},
		{"GET", "/", []string{"Host: 0.0.0.0:" + port}, 421},
		{"GET", "/", []string{"Host: localhost"}, 421},
		{"GET", "/", []string{"Host: localhost:1"}, 421},
		{"GET", "/", []string{"Host:"}, 421},
		{"GET", "/state.json", []string{"Host: evil.example:" + port}, 421},
		{"POST", "/stop", []string{"Host: evil.example:" + port, "Origin: http://evil.example:" + port, token}, 421},
		// Other sites.
		{"GET", "/state.json", []string{"Sec-Fetch-Site: same-origin"}, 200},
		{"GET", "/state.json", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"GET", "/state.json", []string{"Sec-Fetch-Site: same-site"}, 403},
		{"GET", "/style.png", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}, 403},
		{"GET", "/", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 200},
		{"GET", "/", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors"}, 403},
		{"POST", "/stop", []string{"Sec-Fetch-Site: cross-site", token}, 403},
		{"POST", "/stop", []string{"Origin: http://evil.example", token}, 403},
		{"POST", "/stop", []string{"Origin: http://localhost:1", token}, 403},
		{"POST", "/stop", []string{"Origin: null", token}, 403},
		// The token.
		{"POST", "/stop", []string{origin, "Host: localhost:" + port}, 403},
		{"POST", "/stop", []string{origin, "Host: localhost:" + port, "X-Token: "}, 403},
		{"POST", "/stop", []string{origin, "Host: localhost:" + port, token + "x"}, 403},
		// Methods.
		{"GET", "/stop", []string{token}, 405},
		{"POST", "/", nil, 405},
		{"DELETE", "/samples/500.png", nil, 405},
		{"PUT", "/state.json", nil, 405},
		{"OPTIONS", "/state.json", nil, 405},
		// Paths.
		{"GET", "/samples/500.png", nil, 200},
		{"GET", "/samples/600.png", nil, 404},
		{"GET", "/samples/700.png", nil, 404},
		{"GET", "/samples/501.png", nil, 404},
		{"GET", "/samples/500", nil, 404},
		{"GET", "/samples/secret.png", nil, 404},
		{"GET", "/samples/", nil, 404},
		{"GET", "/samples/..%2fsecret.png", nil, 404},
		{"GET", "/samples/%2e%2e%2fsecret.png", nil, 404},
		{"GET", "/samples/" + url.PathEscape(secret), nil, 404},
		{"GET", "/samples/../web/index.html", nil, 307},
		{"GET", "/web/index.html", nil, 404},
		{"GET", "/index.html", nil, 404},
		{"GET", "//evil.example/", nil, 307},
		{"GET", "/test.png", nil, 404},
		{"GET", "/style.png", nil, 200},
		{"GET", "/style.png?../../etc/passwd", nil, 200},
	} {
		status, header, body := ask(t, p, c.method, c.path, c.headers...)
		require.Equal(t, c.want, status, "%s %s %v", c.method, c.path, c.headers)
		require.NotContains(t, body, "secret")
		require.False(t, strings.HasPrefix(header.Get("Location"), "//"), "a redirect elsewhere")
		require.Equal(t, loopback.Policy, header.Get("Content-Security-Policy"))
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.Empty(t, header.Get("Access-Control-Allow-Origin"))
		if status != 200 {
			require.NotContains(t, body, string(p.token))
		}
	}
	require.Zero(t, stops.Load())

	_, _, body := ask(t, p, "GET", "/")
	require.Contains(t, body, "&lt;b&gt;title&lt;/b&gt;")
	require.NotContains(t, body, "<b>title")
	require.Contains(t, body, string(p.token))

	status, _, _ := ask(t, p, "POST", "/stop", "Host: localhost:"+port, origin, "Sec-Fetch-Site: same-origin", token)
	require.Equal(t, 204, status)
	status, _, _ = ask(t, p, "POST", "/stop", token)
	require.Equal(t, 204, status)
	require.EqualValues(t, 1, stops.Load(), "the second time changes nothing")
	_, _, body = ask(t, p, "GET", "/state.json")
	require.Contains(t, body, `"status":"stopping"`)
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{"", "8080", "localhost", "localhost:x", "localhost:99999", "[::1:80"} {
		_, err := Listen(address, Run{}, func() {})
		require.Error(t, err, address)
	}
	// Without a host it is the loopback interface.
	p, err := Listen(":0", Run{}, func() {})
	require.NoError(t, err)
	require.Contains(t, p.URL(), "http://localhost:")
	address := strings.TrimSuffix(strings.TrimPrefix(p.URL(), "http://"), "/")
	_, err = Listen(address, Run{}, func() {})
	require.Error(t, err, "the port is taken")
	require.NoError(t, p.Close())
}

func TestNews(t *testing.T) {
	p := newPage(t, Run{Steps: 100, Terms: []string{"content", "style"}, Parts: []string{"style/relu1_2"}, Settings: []Setting{{"lr", "0.001"}}}, func() {})
	get := func(path string, v any) {
		t.Helper()
		status, _, body := ask(t, p, "GET", path)
		require.Equal(t, 200, status)
		require.NoError(t, json.Unmarshal([]byte(body), v))
	}
	var run struct {
		ID       string
		Steps    int
		Series   []string
		Settings []Setting
	}
	get("/run.json", &run)
	require.Equal(t, []string{"content", "style", "style/relu1_2"}, run.Series)
	require.Equal(t, []Setting{{"lr", "0.001"}}, run.Settings)
	require.Equal(t, 100, run.Steps)

	var s struct {
		ID, Status string
		Step       int
		Left       *float64
		Values     []float64
		Version    int
		Points     [][]float64
		Samples    []int
		Notes      []string
	}
	get("/state.json", &s)
	require.Equal(t, run.ID, s.ID)
	require.Nil(t, s.Left)
	require.Empty(t, s.Points)
	layers := []float64{7}
	for i := 1; i <= 10; i++ {
		p.Step(Step{Step: i, Losses: []float64{float64(i), 7}, Parts: layers, ImagesPerSecond: 3})
	}
	layers[0] = -1 // the caller's to use again
	p.Sample(5, "a.png")
	p.Sample(10, "b.png")
	get("/state.json", &s)
	require.Len(t, s.Points, 10)
	require.Equal(t, []float64{10, 10, 7, 7}, s.Points[9])
	require.Equal(t, []float64{10, 7, 7}, s.Values)
	require.Equal(t, []int{5, 10}, s.Samples)
	require.NotNil(t, s.Left)
	get(fmt.Sprintf("/state.json?version=%d&after=8", s.Version), &s)
	require.Equal(t, [][]float64{{9, 9, 7, 7}, {10, 10, 7, 7}}, s.Points)
	get(fmt.Sprintf("/state.json?version=%d&after=10", s.Version), &s)
	require.Empty(t, s.Points)
	get("/state.json?version=999&after=8", &s)
	require.Len(t, s.Points, 10, "the points are not those the browser has")
	get("/state.json?version=x&after=y", &s)
	require.Len(t, s.Points, 10)

	p.Note(10, "noise gain\n7")
	p.Note(11, "of no sample")
	get("/state.json", &s)
	require.Equal(t, []string{"", "noise gain 7"}, s.Notes)
	p.Sample(7, "c.png")
	get("/state.json", &s)
	require.Equal(t, []int{5, 7}, s.Samples)
	require.Equal(t, []string{"", ""}, s.Notes)
	for i := range 3000 {
		p.Sample(10+i, "d.png")
	}
	get("/state.json", &s)
	require.LessOrEqual(t, len(s.Samples), maxSamples)
	require.Equal(t, 3009, s.Samples[len(s.Samples)-1])
}

// TestEnd follows a run to its end: the last news is that it has ended.
func TestEnd(t *testing.T) {
	p, err := Listen("localhost:0", Run{}, func() {})
	require.NoError(t, err)
	p.linger = patience
	var last atomic.Value
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			r, err := http.Get(p.URL() + "state.json")
			if err != nil {
				return
			}
			b, err := io.ReadAll(r.Body)
			r.Body.Close()
			if err == nil {
				last.Store(string(b))
			}
		}
	}()
	require.Eventually(t, func() bool { return last.Load() != nil }, patience, time.Millisecond)
	p.End("finished")
	require.NoError(t, p.Close())
	<-done
	require.Contains(t, last.Load(), `"status":"finished","ended":true`)
}

// TestCrowd steps on while 1,000 connections do everything but behave, and then
// wants all of their goroutines gone.
func TestCrowd(t *testing.T) {
	before := runtime.NumGoroutine()
	path := filepath.Join(t.TempDir(), "big.png")
	require.NoError(t, os.WriteFile(path, make([]byte, 8<<20), 0o600))
	p, err := Listen("localhost:0", Run{Steps: 1 << 30}, func() {})
	require.NoError(t, err)
	p.Sample(1, path)
	for i := range 3 * maxPoints {
		p.Step(Step{Step: i, Losses: []float64{1, 1}, ImagesPerSecond: 1})
	}
	address := strings.TrimSuffix(strings.TrimPrefix(p.URL(), "http://"), "/")

	const crowd = 1000
	var crowded, asked sync.WaitGroup
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for i := range crowd {
		crowded.Add(1)
		asked.Add(1)
		go func() {
			defer crowded.Done()
			c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
			if err != nil {
				asked.Done()
				return
			}
			defer c.Close()
			// Some never ask, some ask without end, most never read.
			request := []string{
				"", "GET /sta", "GET /samples/1.png HTTP/1.1\r\nHost: " + address + "\r\n\r\n",
				strings.Repeat("GET /state.json HTTP/1.1\r\nHost: "+address+"\r\n\r\n", 20),
				"POST /stop HTTP/1.1\r\nHost: " + address + "\r\nContent-Length: 1000000000\r\n\r\n",
			}[i%5]
			_, _ = io.WriteString(c, request)
			asked.Done()
			<-ctx.Done()
		}()
	}
	asked.Wait()
	const steps = 20_000
	start := time.Now()
	for i := range steps { // would take for ever if one of them could hold it up
		p.Step(Step{Step: 3*maxPoints + i, Losses: []float64{1, 1}, ImagesPerSecond: 1})
	}
	t.Logf("%v a step", time.Since(start)/steps)
	p.End("finished")
	require.NoError(t, p.Close())
	leave()
	crowded.Wait()
	requireGoroutines(t, before)
}

// patience is for machines that are busy with other things.
const patience = 5 * time.Minute

// requireGoroutines waits until no more than n goroutines are left.
func requireGoroutines(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if runtime.NumGoroutine() <= n {
			return
		}
	}
	stacks := make([]byte, 1<<16)
	t.Fatalf("%d goroutines instead of %d:\n%s", runtime.NumGoroutine(), n, stacks[:runtime.Stack(stacks, true)])
}

func response(t *testing.T, c net.Conn, method string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequest(method, "/", nil)
	require.NoError(t, err)
	r, err := http.ReadResponse(bufio.NewReader(c), request)
	require.NoError(t, err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return r.StatusCode, r.Header, string(b)
}
