package loopback

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
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

// Policy lets a page load from its own server only, and nobody frame it. A handler may
// replace the header for pages that need more.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses what a page of another origin may have caused, and tells browsers
// to be strict with the rest. If secret is not empty, it wants that too.
func guard(own *hosts, secret string, next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next) // what is not GET or HEAD
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", Policy)
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
		case secret != "" && !admitted(w, r, secret, own.port):
		default:
			behaved(r)
			next.ServeHTTP(w, r)
		}
	})
}

// admitted reports whether r carries the secret in its cookie. If it has it in its
// address, as the one that is printed at the start has, the browser is given the
// cookie and sent to the page, so that the secret does not stay in sight.
func admitted(w http.ResponseWriter, r *http.Request, secret, port string) bool {
	same := func(s string) bool { return subtle.ConstantTimeCompare([]byte(s), []byte(secret)) == 1 }
	name := "impasto-" + port // cookies are shared by all ports of a host
	if c, err := r.Cookie(name); err == nil && same(c.Value) {
		return true
	}
	if r.Method == http.MethodGet && r.URL.Path == "/" && same(r.URL.Query().Get(secretParameter)) {
		http.SetCookie(w, &http.Cookie{Name: name, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return false
	}
	http.Error(w, "this page is for who knows its secret: open the whole address that the program printed at its start", http.StatusUnauthorized)
	return false
}

// secretParameter is the parameter of the address that holds the secret.
const secretParameter = "secret"

// foreign reports whether a page of another site asks for r. A link to the page
// itself may be anywhere.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.URL.Path != "/" || r.Header.Get("Sec-Fetch-Mode") != "navigate"
}
