// Package loopback serves pages to browsers on the same computer.
//
// Who can open such a page can see the user's pictures and have the program work, so
// it is served on the loopback interface unless told otherwise, and then asks for a
// secret that is part of the address printed at the start. That is no encryption: who
// can read the traffic can read the secret. Other web sites that the user visits can
// do nothing: requests for foreign host names (DNS rebinding) and those that other
// sites cause are refused, and what changes anything takes a Token, which only the
// pages themselves hold. A crowd of connections does not keep a browser out.
package loopback

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// The limits of a server. Each connection is closed when it is too slow, or when
// others come that behave better (crowd).
const (
	maxConnections = 64
	readTimeout    = 10 * time.Second
	writeTimeout   = 30 * time.Second
	idleTimeout    = 60 * time.Second
	maxHeaderBytes = 16 << 10
)

// Server is a running server.
type Server struct {
	url    string
	secret string
	server *http.Server
	served chan struct{}  // closed when no connection is accepted any more
	open   sync.WaitGroup // of connections
}

// Listen serves what handler answers at address, "host:port". Without a host it takes
// localhost; naming another one, such as 0.0.0.0, opens the pages to the network on
// purpose, for those who are given the secret that the URL then holds. Port 0 takes a
// free one.
func Listen(address string, handler http.Handler) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: want host:port such as localhost:8080", address)
	}
	if host == "" {
		host = "localhost"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, err
	}
	s := &Server{served: make(chan struct{})}
	own := newHosts(host, l.Addr().(*net.TCPAddr))
	s.url = own.url()
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		s.secret = rand.Text()
		s.url += "?" + secretParameter + "=" + s.secret
	}
	s.server = &http.Server{
		Handler: guard(own, s.secret, handler), ConnState: s.count, ConnContext: withGuest,
		ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: log.New(io.Discard, "", 0), // faults of browsers are none of the user's
	}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(newCrowd(l, maxConnections)) // ends with Close
	}()
	return s, nil
}

// URL returns the address to open in a browser, with the secret if there is one.
func (s *Server) URL() string { return s.url }

// Close ends the server. When it returns, all is over: no request is being answered
// and none will be.
func (s *Server) Close() error {
	err := s.server.Close()
	<-s.served
	s.open.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Finish lets what is being sent arrive, for so long at most. Close does the rest.
func (s *Server) Finish(most time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	_ = s.server.Shutdown(ctx)
}

// count lets Close wait until every connection is closed and forgotten.
func (s *Server) count(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.open.Add(1)
	case http.StateClosed:
		s.open.Done()
	}
}

// Token is what changing anything takes: a secret of one start, which pages carry and
// send back in the header X-Token.
type Token string

// NewToken returns a fresh one.
func NewToken() Token { return Token(rand.Text()) }

// In reports whether r has the token. If not, it answers the request.
func (t Token) In(w http.ResponseWriter, r *http.Request) bool {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Token")), []byte(t)) == 1 {
		return true
	}
	http.Error(w, "the page's token is missing or of an earlier start: reload the page", http.StatusForbidden)
	return false
}
