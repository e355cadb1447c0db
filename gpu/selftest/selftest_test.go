package selftest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu/selftest"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/backendtest"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

var shape = backend.Shape{2, 5, 16, 17}

func TestSoundBackendPasses(t *testing.T) {
	results, err := selftest.Run(reference.New(), reference.New(), shape)
	require.NoError(t, err)
	for _, r := range results {
		require.True(t, r.OK(), "%+v", r)
	}
	require.Greater(t, len(results), 40)
}

// unsound adds a little to one element of one operation.
type unsound struct{ *reference.Backend }

func (u unsound) Sigmoid(dst, x backend.Buffer) {
	u.Backend.Sigmoid(dst, x)
	v := make([]float32, dst.Shape().Len())
	u.Read(v, dst)
	v[len(v)-1] += 1e-2
	u.Write(dst, v)
}

func TestUnsoundBackendFails(t *testing.T) {
	results, err := selftest.Run(unsound{reference.New()}, reference.New(), shape)
	require.NoError(t, err)
	var failed []string
	for _, r := range results {
		if !r.OK() {
			failed = append(failed, r.Op)
		}
	}
	require.Equal(t, []string{"Sigmoid"}, failed)
}

// TestEveryOperationIsTested: the self-test calls every method of the contract.
func TestEveryOperationIsTested(t *testing.T) {
	results, err := selftest.Run(reference.New(), reference.New(), shape)
	require.NoError(t, err)
	called := map[string]bool{}
	for _, r := range results {
		called[strings.Fields(r.Op)[0]] = true
	}
	for _, method := range backendtest.Methods() {
		if !called[method] {
			t.Errorf("%s has no self-test: operations.go lists no operation whose name begins with it", method)
		}
	}
}
