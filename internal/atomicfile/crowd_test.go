//go:build unix

package atomicfile_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/atomicfile"
)

// TestCrowd has many begin at the same time what each takes for its own, all of them
// removing what nobody seems to have: nobody loses anything, and what killed ones left
// goes.
func TestCrowd(t *testing.T) {
	dir := t.TempDir()
	const crowd, rounds = 8, 20
	errs := make([]error, crowd)
	var all sync.WaitGroup
	for i := range crowd {
		all.Go(func() {
			for round := range rounds {
				if errs[i] == nil {
					errs[i] = once(dir, i, round)
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Len(t, names(t, dir), crowd)
}

// once leaves a folder as one that is killed does, takes another for itself, and writes
// a file.
func once(dir string, who, round int) error {
	killed := filepath.Join(dir, fmt.Sprintf(".film-%d-%d", who, round))
	if err := os.Mkdir(killed, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(killed, "lock"), nil, 0o600); err != nil && !os.IsNotExist(err) {
		return err
	}
	scratch, remove, err := atomicfile.Scratch(dir, "film")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(scratch, "picture"), []byte("x"), 0o600); err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, fmt.Sprint(who, ".pth")), func(w io.Writer) error {
		if err := atomicfile.RemoveStale(dir, func(string) bool { return true }); err != nil {
			return err
		}
		_, err := io.WriteString(w, "weights")
		return err
	}); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(scratch, "picture")); err != nil {
		return err
	}
	return remove()
}
