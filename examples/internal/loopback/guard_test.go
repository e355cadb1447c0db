package loopback

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHosts(t *testing.T) {
	loopback := newHosts("localhost", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80})
	require.True(t, loopback.own("localhost"), "browsers leave port 80 out")
	require.True(t, loopback.own("[::1]"))
	require.False(t, loopback.own("192.168.1.2"))

	open := newHosts("0.0.0.0", &net.TCPAddr{IP: net.IPv4zero, Port: 8080})
	require.Equal(t, "http://localhost:8080/", open.url())
	require.True(t, open.own("192.168.1.2:8080"))
	require.True(t, open.own("[fe80::1]:8080"))
	require.False(t, open.own("evil.example:8080"))

	named := newHosts("Trainbox", &net.TCPAddr{IP: net.IPv4(192, 168, 1, 2), Port: 8080})
	require.Equal(t, "http://trainbox:8080/", named.url())
	require.True(t, named.own("trainbox:8080"))
	require.False(t, named.own("trainbox:8081"))
	require.False(t, named.own("other:8080"))
}
