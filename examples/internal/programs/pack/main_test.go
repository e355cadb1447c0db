package pack

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/pack"
)

func TestPack(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "pictures.pack")
	for i, name := range []string{"a.png", "b.png", "c.png"} {
		require.NoError(t, imageio.Save(filepath.Join(dir, name), paint.Scene(uint64(i), 40, 30), imageio.SaveOptions{}))
	}
	require.NoError(t, os.Truncate(filepath.Join(dir, "b.png"), 100))
	ctx := context.Background()
	require.NoError(t, Run(ctx, []string{"-dataset", dir, "-out", out, "-image-size", "24"}))
	p, err := pack.Open(out)
	require.NoError(t, err)
	defer p.Close()
	require.Equal(t, []int{3, 1, 24}, []int{p.Len(), p.Bad(), p.Size()})
	require.NoError(t, Run(ctx, []string{"-verify", out}))

	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-dataset", dir, "-out", out}, "it exists"},
		{[]string{"-out", out}, "-dataset is missing"},
		{[]string{"-dataset", dir}, "-out is missing"},
		{[]string{"-dataset", dir, "-out", out + "2", "-image-size", "0"}, "-image-size 0"},
		{[]string{"-dataset", out, "-out", out + "2"}, "-dataset"},
		{[]string{"-verify", filepath.Join(dir, "a.png")}, "it is no pack"},
	} {
		require.ErrorContains(t, Run(ctx, c.args), c.want)
	}
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	b[1000] ^= 1
	require.NoError(t, os.WriteFile(out, b, 0o600))
	require.ErrorContains(t, Run(ctx, []string{"-verify", out}), "picture 0")
}
