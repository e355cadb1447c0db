package gpu_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStubShowsTheDocumentation compares what the stub declares with the real API:
// pkg.go.dev shows builds without tags.
func TestStubShowsTheDocumentation(t *testing.T) {
	stub, device := map[string]string{}, map[string]string{}
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		switch {
		case strings.HasSuffix(name, "_test.go"):
		case bytes.HasPrefix(text, []byte("//go:build !(gl")):
			declarations(t, name, stub)
		case bytes.HasPrefix(text, []byte("//go:build gl")):
			declarations(t, name, device)
		}
	}
	require.Greater(t, len(stub), 10)
	for name, declared := range stub {
		require.Equal(t, device[name], declared, name)
	}
}

// declarations collects the exported functions, methods and types of a file, with
// their documentation.
func declarations(t *testing.T, name string, all map[string]string) {
	files := token.NewFileSet()
	syntax, err := parser.ParseFile(files, name, nil, parser.ParseComments)
	require.NoError(t, err)
	for _, d := range syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			var signature bytes.Buffer
			require.NoError(t, printer.Fprint(&signature, files, d.Type))
			receiver := ""
			if d.Recv != nil {
				star, ok := d.Recv.List[0].Type.(*ast.StarExpr)
				if !ok {
					continue
				}
				receiver = star.X.(*ast.Ident).Name + "."
			}
			if d.Name.IsExported() && (receiver == "" || ast.IsExported(receiver)) {
				all[receiver+d.Name.Name] = d.Doc.Text() + signature.String()
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
					all[s.Name.Name] = d.Doc.Text()
				}
			}
		}
	}
}
