//go:build unix

package pack

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestUnmapped gives the addresses back: there is nothing to give back twice.
func TestUnmapped(t *testing.T) {
	p, err := Open(packed(t, pictures(t, 2), 4))
	require.NoError(t, err)
	m, is := p.data.(*mapped)
	require.NoError(t, p.Close())
	if is {
		require.ErrorIs(t, syscall.Munmap(m.data), syscall.EINVAL)
	}
}
