package pth

import (
	"archive/zip"
	"bufio"
	"bytes"
	"testing"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
)

// FuzzRead reads arbitrary files of both containers. Run it with
// -fuzzminimizetime 0: coverage of archive/zip varies, which stalls minimizing.
func FuzzRead(f *testing.F) {
	for _, name := range append(damagedFixtures, "legacy.pth", "views_legacy.pth", "nested.pth", "types.pth") {
		f.Add(fixture(f, name))
	}
	f.Add(zipFile(f, valid().pickle(), zip.Store))
	f.Fuzz(func(t *testing.T, file []byte) {
		d, err := readBounded(t, file)
		if err == nil && tensorio.CheckDict(d) == nil { // a name may be invalid UTF-8
			write(t, d)
		}
	})
}

// FuzzUnpickle runs arbitrary pickles, past the checksums that protect them in
// files.
func FuzzUnpickle(f *testing.F) {
	f.Add(valid().pickle())
	f.Add([]byte(pickle(sample())))
	f.Add(legacyFile(sample()))
	for _, p := range hostile() {
		if len(p) < 1000 {
			f.Add(p)
		}
	}
	f.Fuzz(func(t *testing.T, pickle []byte) {
		size := int64(len(pickle))
		budget := tensorio.NewBudget(0, size)
		u := newUnpickler(bufio.NewReader(bytes.NewReader(pickle)), 0, size, "pickle", budget)
		root, err := u.load()
		if err != nil {
			refused(t, err)
			return
		}
		l := &loader{budget: budget, groups: map[string][]int{}}
		if err := l.choose(root); err != nil {
			refused(t, err)
		}
	})
}
