// Package clitest helps tests that pass arguments to programs.
package clitest

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var flagName = regexp.MustCompile(`^-[a-z]`)

// Override returns args without the flags, and their values, that come again later:
// programs refuse flags that are given twice.
func Override(args ...string) (kept []string) {
	for i := 0; i < len(args); {
		n := 1
		if i+1 < len(args) && flagName.MatchString(args[i]) && !flagName.MatchString(args[i+1]) {
			n = 2
		}
		if !slices.Contains(args[i+n:], args[i]) {
			kept = append(kept, args[i:i+n]...)
		}
		i += n
	}
	return kept
}

// Output returns what f prints on stdout.
func Output(t *testing.T, f func()) string {
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer file.Close()
	stdout := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = stdout }()
	f()
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return string(text)
}
