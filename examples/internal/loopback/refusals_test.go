package loopback

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// answer has a handler answer a request with headers, each "Name: value".
func answer(h http.Handler, method, target, host string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Host = host
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// guarded is a page on port 8080 behind guard, with a secret unless it is empty.
func guarded(secret string) http.Handler {
	own := newHosts("localhost", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080})
	return guard(own, secret, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
}

// TestRefusals: what other sites and other names cause does not reach the page, and every
// answer tells the browser to be strict.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		method, path, host string
		headers            []string
		want               int
	}{
		{"GET", "/", "localhost:8080", nil, 418},
		{"GET", "/x", "localhost:8080", []string{"Sec-Fetch-Site: none"}, 418},
		{"GET", "/x", "localhost:8080", []string{"Sec-Fetch-Site: same-origin"}, 418},
		{"GET", "/x", "evil.example:8080", nil, 421},
		{"GET", "/x", "localhost:8081", nil, 421},
		{"GET", "/x", "localhost:8080", []string{"Sec-Fetch-Site: same-site"}, 403},
		{"GET", "/", "localhost:8080", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 418},
		{"GET", "/", "localhost:8080", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}, 403},
		{"GET", "/x", "localhost:8080", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 403},
		{"POST", "/x", "localhost:8080", nil, 418},
		{"POST", "/x", "localhost:8080", []string{"Origin: http://localhost:8080"}, 418},
		{"POST", "/x", "localhost:8080", []string{"Origin: http://evil.example"}, 403}, // of a browser without Sec-Fetch-Site
		{"POST", "/", "localhost:8080", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 403},
	} {
		w := answer(guarded(""), c.method, c.path, c.host, c.headers...)
		require.Equal(t, c.want, w.Code, "%v", c)
		for name, want := range map[string]string{
			"Content-Security-Policy": Policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-cache",
		} {
			require.Equal(t, want, w.Header().Get(name), "%v", c)
		}
	}
}

// TestSecret: only the whole address lets a browser in, which then has a cookie.
func TestSecret(t *testing.T) {
	h := guarded("abc")
	for _, c := range []struct {
		method, target, cookie string
		want                   int
	}{
		{"GET", "/", "", 401},
		{"GET", "/?secret=abd", "", 401},
		{"GET", "/?secret=", "", 401},
		{"GET", "/x?secret=abc", "", 401},
		{"POST", "/?secret=abc", "", 401},
		{"GET", "/?secret=abc", "", 303},
		{"GET", "/x", "impasto-8080=abc", 418},
		{"POST", "/x", "impasto-8080=abc", 418},
		{"GET", "/x", "impasto-8080=abd", 401},
		{"GET", "/x", "impasto-8081=abc", 401},
	} {
		w := answer(h, c.method, c.target, "localhost:8080", "Cookie: "+c.cookie)
		require.Equal(t, c.want, w.Code, "%v", c)
		if c.want != 303 {
			require.Empty(t, w.Header().Get("Set-Cookie"))
			continue
		}
		require.Equal(t, "/", w.Header().Get("Location"))
		require.Equal(t, "impasto-8080=abc; Path=/; HttpOnly; SameSite=Strict", w.Header().Get("Set-Cookie"))
	}
	require.Equal(t, 421, answer(h, "GET", "/?secret=abc", "evil.example:8080").Code)
}

func TestToken(t *testing.T) {
	token := NewToken()
	require.NotEqual(t, token, NewToken())
	for header, want := range map[string]int{string(token): 200, "": 403, string(token) + "x": 403, string(token[1:]): 403} {
		r, w := httptest.NewRequest("POST", "/", nil), httptest.NewRecorder()
		r.Header.Set("X-Token", header)
		require.Equal(t, want == 200, token.In(w, r))
		require.Equal(t, want, w.Code)
	}
}

// TestProperRequests: only a request that is not refused makes its connection a guest
// that stays.
func TestProperRequests(t *testing.T) {
	c := newCrowd(&pipeListener{}, 4)
	conn, err := c.Accept()
	require.NoError(t, err)
	for _, host := range []string{"evil.example:8080", "localhost:8080"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		guarded("").ServeHTTP(httptest.NewRecorder(), r.WithContext(withGuest(context.Background(), conn)))
		require.Equal(t, host == "localhost:8080", conn.(*guest).proper)
	}
	require.NoError(t, conn.Close())
	require.Empty(t, c.order, "one that left makes room")
}

// TestURLs: an address that was given is kept, and brackets come in pairs.
func TestURLs(t *testing.T) {
	given := newHosts("192.168.1.2", &net.TCPAddr{IP: net.IPv4(192, 168, 1, 2), Port: 80})
	require.Equal(t, "http://192.168.1.2:80/", given.url())
	require.False(t, given.own("[localhost"))
}

// TestAcceptPays: what is let in counts.
func TestAcceptPays(t *testing.T) {
	c := newCrowd(&pipeListener{}, 4)
	_, err := c.Accept()
	require.NoError(t, err)
	require.Equal(t, 1.0, c.opened)
}
