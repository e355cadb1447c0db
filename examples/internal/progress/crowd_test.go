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

// pipeListener hands out connections.
type pipeListener struct{ conns []*testConn }

func (l *pipeListener) Accept() (net.Conn, error) {
	c := &testConn{}
	l.conns = append(l.conns, c)
	return c, nil
}
func (l *pipeListener) Close() error   { return nil }
func (l *pipeListener) Addr() net.Addr { return nil }

type testConn struct {
	net.Conn
	closed int
}

func (c *testConn) Close() error {
	c.closed++
	return nil
}

// TestWhoGoes: who has not behaved goes first, in the order of coming; of those who
// have, the one who was quiet for longest.
func TestWhoGoes(t *testing.T) {
	l := &pipeListener{}
	c := newCrowd(l, 4)
	var guests []*guest
	enter := func() {
		conn, err := c.Accept()
		require.NoError(t, err)
		guests = append(guests, conn.(*guest))
	}
	closed := func() (which []int) {
		for i, conn := range l.conns {
			if conn.closed > 0 {
				which = append(which, i)
			}
		}
		return which
	}
	for range 4 {
		enter()
	}
	guests[0].behave()
	guests[2].behave()
	require.Empty(t, closed())
	enter()
	require.Equal(t, []int{1}, closed())
	enter()
	require.Equal(t, []int{1, 3}, closed())
	enter() // takes the place of 4, the oldest of 4 and 5
	require.Equal(t, []int{1, 3, 4}, closed())
	guests[5].behave()
	guests[6].behave()
	guests[0].behave()
	enter() // all have behaved: 2 was quiet for longest
	require.Equal(t, []int{1, 2, 3, 4}, closed())
	require.NoError(t, guests[7].Close())
	enter()
	require.Equal(t, []int{1, 2, 3, 4, 7}, closed(), "there was room")
	guests[1].behave() // too late, and harmless
	require.NoError(t, guests[1].Close())
	require.Len(t, c.order, 4)
}

// TestRate: after the burst, connections are let in at the rate, whatever comes.
func TestRate(t *testing.T) {
	c := newCrowd(&pipeListener{}, 4)
	var waited time.Duration
	c.wait = func(d time.Duration) { waited += d }
	now := c.paid
	for range acceptBurst {
		c.slow(now)
	}
	require.Zero(t, waited)
	for range 3 * acceptRate {
		before := waited
		c.slow(now)
		now = now.Add(waited - before)
	}
	require.InDelta(t, 3, waited.Seconds(), 0.1)
	waited = 0
	c.slow(now.Add(time.Hour))
	require.Zero(t, waited, "a quiet hour pays for all")
}

// TestBrowserAmidACrowd: a browser that comes after 600 connections that send a byte
// now and then, and come back when they are closed, gets its page and goes on getting
// news on the same connection.
func TestBrowserAmidACrowd(t *testing.T) {
	p := newPage(t, Run{Title: "glass"}, func() {})
	address := strings.TrimSuffix(strings.TrimPrefix(p.URL(), "http://"), "/")
	done := make(chan struct{})
	var crowd, inside sync.WaitGroup
	for range 600 {
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
	require.NotEqual(t, p.token, secret)
	_, port, err := net.SplitHostPort(address.Host)
	require.NoError(t, err)
	cookie := "Cookie: impasto-" + port + "="

	paths := []string{"/", "/page.js", "/run.json", "/state.json", "/style.png", "/samples/1.png", "/?secret=", "/?secret=x" + secret, "/state.json?secret=" + secret}
	for _, path := range paths {
		for _, headers := range [][]string{nil, {cookie}, {cookie + "x"}, {"Cookie: impasto-1=" + secret}} {
			status, header, body := ask(t, p, "GET", path, headers...)
			require.Equal(t, 401, status, "%s %v", path, headers)
			require.Empty(t, header.Get("Set-Cookie"))
			require.NotContains(t, body, p.token)
			require.NotContains(t, body, secret)
			require.NotContains(t, body, "glass")
		}
	}
	status, _, _ := ask(t, p, "POST", "/stop", "X-Token: "+p.token)
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
	require.Contains(t, body, p.token)
	status, _, _ = ask(t, p, "POST", "/stop", "X-Token: "+p.token, cookie+secret)
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
