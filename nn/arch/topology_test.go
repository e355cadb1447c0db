package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/arch"
)

// TestOneTopology wants layers to be named in this package alone: elsewhere, what
// depends on a network's topology follows from its record. Tests may name layers.
func TestOneTopology(t *testing.T) {
	const root = "../.."
	names := layerNames(t)
	files := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		base := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && (base == "testdata" || base == "node_modules" || path != root && strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(base) != ".go" || strings.HasSuffix(base, "_test.go") || filepath.Dir(path) == filepath.Join(root, "nn/arch"):
			return nil
		}
		files++
		for _, s := range literals(t, path) {
			if name := namesLayer(s, names); name != "" {
				t.Errorf("%s: %q names the layer %s; derive it from the network's record", path, s, name)
			}
		}
		return nil
	}))
	require.Greater(t, files, 100)
	for s, want := range map[string]string{
		"deconv1": "deconv1", "resnets.%d.conv1": "resnets", "conv1.conv2d.weight": "conv1", "res%d.": "res%d", "in4.bias": "in4",
		"conv1_1": "", "input": "", "layer1.0.conv1.weight": "", "in1ch": "",
	} {
		require.Equal(t, want, namesLayer(s, names), s)
	}
}

// layerNames returns what the names of the parameters of all families begin with.
func layerNames(t *testing.T) (names []string) {
	for _, family := range arch.Families() {
		for _, p := range mustNew(t, family, [3]int{1, 1, 1}, 1).Params() {
			name, _, _ := strings.Cut(p.Name, ".")
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return append(names, "resnets%d", "res%d")
}

// namesLayer returns the name that s is or begins with, up to a dot.
func namesLayer(s string, names []string) string {
	first, _, _ := strings.Cut(s, ".")
	if slices.Contains(names, first) {
		return first
	}
	return ""
}

// literals returns the strings in a file of Go, without import paths and tags.
func literals(t *testing.T, path string) (all []string) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				s, err := strconv.Unquote(n.Value)
				require.NoError(t, err)
				all = append(all, s)
			}
		}
		return true
	})
	return all
}
