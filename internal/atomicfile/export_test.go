package atomicfile

import "testing"

// PendingFile lets tests stand between Write and the disk.
type PendingFile = pendingFile

// Intercept has Write use what wrap makes of each temporary file, until the test
// ends.
func Intercept(t *testing.T, wrap func(PendingFile) PendingFile) {
	t.Cleanup(func() { create = newPendingFile })
	create = func(path string) (pendingFile, error) {
		f, err := newPendingFile(path)
		if err != nil {
			return nil, err
		}
		return wrap(f), nil
	}
}
