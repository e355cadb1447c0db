package progress

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// hosts are the names under which a page may be asked for. A foreign name in a
// request means that somebody else's name was made to resolve to this computer
// (DNS rebinding), and that a browser takes this page for theirs.
type hosts struct {
	names []string // in lower case, without a port
	anyIP bool     // addresses are no names, and cannot be rebound
	port  string
	given string
}

// newHosts returns the names of a server that was told to listen on host.
func newHosts(host string, addr *net.TCPAddr) *hosts {
	h := &hosts{port: strconv.Itoa(addr.Port), given: strings.ToLower(host), anyIP: !addr.IP.IsLoopback()}
	h.names = []string{"localhost", "127.0.0.1", "::1", h.given}
	return h
}

// own reports whether the Host header of a request is one of h.
func (h *hosts) own(header string) bool {
	host, port, err := net.SplitHostPort(header)
	if err != nil { // browsers leave the usual port out
		host, port = header, "80"
		if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
			host = host[1 : len(host)-1]
		}
	}
	if port != h.port {
		return false
	}
	if slices.Contains(h.names, strings.ToLower(host)) {
		return true
	}
	_, err = netip.ParseAddr(host)
	return err == nil && h.anyIP
}

func (h *hosts) url() string {
	host := h.given
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, h.port) + "/"
}

// policy lets the page load from its own server only, and nobody frame it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses what a page of another origin may have caused, and tells browsers
// to be strict with the rest.
func guard(own *hosts, next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next) // what is not GET or HEAD
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		switch {
		case !own.own(r.Host):
			http.Error(w, "this server does not go by that name", http.StatusMisdirectedRequest)
		case foreign(r):
			http.Error(w, "requests from other sites are refused", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// foreign reports whether a page of another site asks for r. A link to the page
// itself may be anywhere.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.URL.Path != "/" || r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// limit returns a listener that closes connections at once when n are open.
func limit(l net.Listener, n int) net.Listener {
	return &limited{Listener: l, free: make(chan struct{}, n)}
}

type limited struct {
	net.Listener
	free chan struct{} // holds an element for each open connection
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.free <- struct{}{}:
			return &countedConn{c, sync.OnceFunc(func() { <-l.free })}, nil
		default:
			c.Close()
		}
	}
}

type countedConn struct {
	net.Conn
	release func()
}

func (c *countedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
