package pth

import (
	"archive/zip"
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
)

// FuzzRead reads arbitrary files of both containers. Run it with
// -fuzzminimizetime 0: coverage of archive/zip varies, which stalls minimizing.
func FuzzRead(f *testing.F) {
	for _, name := range append(damagedFixtures, "legacy.pth", "views_legacy.pth", "nested.pth", "types.pth",
		"protocol1_legacy.pth", "protocol5.pth", "protocol5_legacy.pth", "beside2.pth", "beside4.pth", "beside_legacy.pth", "deep.pth", "bad_script.pth") {
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
	for _, name := range []string{"protocol1.pth", "protocol3.pth", "protocol5.pth", "beside2.pth", "beside4.pth", "gan.pth", "deep.pth"} {
		file := fixture(f, name)
		z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
		require.NoError(f, err)
		pickle, err := z.Open(strings.TrimSuffix(name, ".pth") + "/data.pkl")
		require.NoError(f, err)
		code, err := io.ReadAll(pickle)
		require.NoError(f, err)
		f.Add(code)
	}
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
