package progress

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBrowserAmidACrowd: a browser that comes after 300 connections that send a byte
// now and then, and come back when they are closed, gets its page and goes on getting
// news on the same connection.
func TestBrowserAmidACrowd(t *testing.T) {
	p := newPage(t, Run{Title: "glass"}, func() {})
	address := strings.TrimSuffix(strings.TrimPrefix(p.URL(), "http://"), "/")
	done := make(chan struct{})
	var crowd, inside sync.WaitGroup
	for range 300 { // with the server's ends, within 1,024 open files
		crowd.Add(1)
		inside.Add(1)
		go func() {
			defer crowd.Done()
			for first := true; ; first = false {
				c, err := net.Dial("tcp", address)
				if first {
					inside.Done()
				}
				for i := 0; err == nil; i++ {
					if _, err = c.Write([]byte{"GET / HTTP/1.1\r\nX: "[min(i, 17)]}); err != nil {
						break
					}
					select {
					case <-done:
						c.Close()
						return
					case <-time.After(50 * time.Millisecond):
					}
				}
				if c != nil {
					c.Close()
				}
				select {
				case <-done:
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		}()
	}
	inside.Wait()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer c.Close()
	r := bufio.NewReader(c)
	for range 20 {
		fmt.Fprintf(c, "GET /state.json HTTP/1.1\r\nHost: %s\r\n\r\n", address)
		answer, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Contains(t, string(body), `"status":"training"`)
		time.Sleep(20 * time.Millisecond)
	}
	close(done)
	crowd.Wait()
}

// TestSecret: beyond the loopback interface nothing is told to, or done for, who does
// not know the secret, and the token of the page is not among what is told.
func TestSecret(t *testing.T) {
	stopped := false
	p, err := Listen("0.0.0.0:0", Run{Title: "glass", Style: []byte("style")}, func() { stopped = true })
	require.NoError(t, err)
	defer p.Close()
	address, err := url.Parse(p.URL())
	require.NoError(t, err)
	secret := address.Query().Get("secret")
	require.GreaterOrEqual(t, len(secret), 26)
	require.NotEqual(t, string(p.token), secret)
	_, port, err := net.SplitHostPort(address.Host)
	require.NoError(t, err)
	cookie := "Cookie: impasto-" + port + "="

	paths := []string{"/", "/page.js", "/run.json", "/state.json", "/style.png", "/samples/1.png", "/?secret=", "/?secret=x" + secret, "/state.json?secret=" + secret}
	for _, path := range paths {
		for _, headers := range [][]string{nil, {cookie}, {cookie + "x"}, {"Cookie: impasto-1=" + secret}} {
			status, header, body := ask(t, p, "GET", path, headers...)
			require.Equal(t, 401, status, "%s %v", path, headers)
			require.Empty(t, header.Get("Set-Cookie"))
			require.NotContains(t, body, string(p.token))
			require.NotContains(t, body, secret)
			require.NotContains(t, body, "glass")
		}
	}
	status, _, _ := ask(t, p, "POST", "/stop", "X-Token: "+string(p.token))
	require.Equal(t, 401, status)
	status, _, _ = ask(t, p, "POST", "/?secret="+secret)
	require.Equal(t, 401, status)
	require.False(t, stopped)

	status, header, _ := ask(t, p, "GET", address.RequestURI())
	require.Equal(t, 303, status)
	require.Equal(t, "/", header.Get("Location"))
	given := header.Get("Set-Cookie")
	for _, part := range []string{"impasto-" + port + "=" + secret, "HttpOnly", "SameSite=Strict"} {
		require.Contains(t, given, part)
	}
	status, _, body := ask(t, p, "GET", "/", cookie+secret)
	require.Equal(t, 200, status)
	require.Contains(t, body, string(p.token))
	status, _, _ = ask(t, p, "POST", "/stop", "X-Token: "+string(p.token), cookie+secret)
	require.Equal(t, 204, status)
	require.True(t, stopped)
	status, _, _ = ask(t, p, "GET", "/", "Host: evil.example:"+port, cookie+secret)
	require.Equal(t, 421, status, "the secret does not replace the other guards")

	// Each address that only this computer reaches is as it was.
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", ""} {
		q, err := Listen(host+":0", Run{}, func() {})
		if host == "[::1]" && err != nil {
			continue // no IPv6
		}
		require.NoError(t, err)
		require.NotContains(t, q.URL(), "secret")
		require.NoError(t, q.Close())
	}
}
