package tensor_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// These tests hold the architecture of the whole module. They read every file
// of the tree whatever its build tags, so that a rule cannot be broken on
// another platform either.

const (
	module = "github.com/impasto-go/impasto/"
	root   = ".."

	cpuid    = "github.com/klauspost/cpuid/v2"
	goGL     = "github.com/go-gl/gl/..."
	renameio = "github.com/google/renameio/v2/..."
	testify  = "github.com/stretchr/testify/..."
	xImage   = "golang.org/x/image/..."
	xSys     = "golang.org/x/sys/..."

	cgo      = "C"
	anything = "..."
)

// mayImport lists every package of the module with all that its non-test files
// may import besides the standard library, of which only examples and
// benchmarks may use net/http. A trailing "/..." stands for a path and all
// below it. For each package the longest matching row holds. A row names packages
// of earlier rows only, and the README lists the packages in this order. Who adds a
// package adds a row; who adds an entry to a row should be able to say why.
var mayImport = []importRow{
	// Below everything: words, files, and what tests need.
	{"internal/printable", nil},
	{"internal/atomicfile", []string{renameio, xSys}},
	{"internal/need", nil},
	{"internal/golden", nil},
	{"internal/powerloss", []string{"internal/need"}},
	{"internal/wine", nil},
	{"internal/damagetest", []string{"internal/need", testify}},

	// What a backend is, and how it is judged: by a reference and by goldens.
	{"tensor/backend", nil},
	{"tensor/backend/reference", []string{"tensor/backend"}},
	{"tensor/backend/backendtest", []string{"tensor/backend/...", "internal/need", "internal/golden", testify}},

	// The CPU backend. Only kernels ask which CPU this is.
	{"tensor/internal/f32/plain", nil},
	{"tensor/internal/f32", []string{"tensor/internal/f32/plain", cpuid}},
	{"tensor/internal/cpu", []string{"tensor/backend", "tensor/internal/f32"}},
	{"tensor", []string{"tensor/backend", "tensor/internal/cpu"}},
	{"tensor/gradcheck", []string{"tensor", "tensor/backend"}},

	// The OpenGL backend is a peer of the CPU's: it sees the interface only,
	// and reaches it with cgo.
	{"gpu", []string{"tensor/backend", "internal/atomicfile", goGL, cgo}},
	{"gpu/internal/sibling", []string{cgo}}, // for its tests
	{"gpu/selftest", []string{"tensor/backend"}},

	// Networks as data, and files: they know state dicts and pixels, never tensors.
	{"nn/statedict", []string{"internal/printable"}},
	{"nn/arch", []string{"nn/statedict"}}, // networks as data: no tensors either
	{"nn/shader", []string{"nn/arch", "nn/statedict"}},
	{"nn/internal/tensorio", []string{"nn/statedict", "internal/printable"}},
	{"nn/pth", []string{"nn/statedict", "internal/atomicfile", "nn/internal/tensorio", "internal/printable"}},
	{"nn/safetensors", []string{"nn/statedict", "internal/atomicfile", "nn/internal/tensorio", "internal/printable"}},
	{"nn/onnx", []string{"nn/arch", "nn/statedict", "nn/internal/tensorio", "internal/printable"}},
	{"nn/weights", []string{"nn/statedict", "nn/pth", "nn/safetensors", "nn/onnx", "nn/internal/tensorio", "internal/printable"}},
	{"onnxexport", []string{"nn/arch", "nn/statedict", "nn/onnx", "internal/atomicfile", "internal/printable"}},
	{"nn/imageio/internal/jpeg", nil},
	{"nn/imageio/internal/tiff", []string{xImage}},
	{"nn/imageio", []string{"internal/atomicfile", "internal/printable", "nn/imageio/internal/jpeg", "nn/imageio/internal/tiff", xImage}},
	{"nn/flicker", []string{"nn/imageio"}},
	{"nn/temporal/internal/rows", []string{cpuid}},
	{"nn/temporal", []string{"nn/temporal/internal/rows"}},

	// Networks stand on tensors; what loads and runs them stands on networks.
	{"nn", []string{"tensor", "tensor/backend", "nn/arch", "nn/statedict", "internal/printable"}},
	{"nn/stylize", []string{"tensor", "tensor/backend", "nn", "nn/arch", "nn/statedict", "nn/weights", "nn/imageio", "nn/temporal", "internal/printable"}},
	{"gpu/glstyle", []string{"gpu", "nn", "nn/arch", "nn/temporal", "nn/statedict", "tensor", "tensor/backend", goGL}},
	{"vgg", []string{"tensor", "tensor/backend", "nn", "nn/statedict", "nn/weights", "internal/printable"}},
	{"vgg/compact", []string{"tensor/backend", "nn/safetensors", "vgg"}},
	{"vgg/vggtest", []string{"nn/statedict", "vgg"}},

	// Training, by one process or several.
	{"train/ranks", nil},
	{"train/mpi", []string{cgo}}, // Open MPI, with -tags mpi
	{"train/mpi/mpitest", []string{"internal/need"}},
	{"train/mpi/mpitest/internal/link", []string{xSys}},
	{"train/dataset", []string{"nn/imageio", "internal/printable"}},
	{"train/pack", []string{"train/dataset", "nn/imageio", "internal/atomicfile", "internal/printable"}},
	{"train/checkpoint", []string{"nn/statedict", "nn/safetensors", "internal/atomicfile", xSys, "internal/printable"}},
	{"train", []string{"internal/atomicfile", "tensor", "tensor/backend", "nn", "nn/arch", "nn/statedict", "nn/weights", "nn/imageio", "nn/pth", "nn/safetensors", "nn/stylize", "vgg", "train/dataset", "train/checkpoint", "train/ranks", "internal/printable"}},

	{"examples/...", []string{anything}},
	{"benchmarks/...", []string{anything}},
}

type importRow struct {
	pkg   string
	allow []string
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		allow, ok := allowedImports(p.dir)
		if !ok {
			t.Errorf("package %s has no row in mayImport (deps_test.go)", p.dir)
			continue
		}
		for _, f := range p.files {
			if isTest(f.path) {
				continue
			}
			for _, spec := range f.syntax.Imports {
				imported := strings.Trim(spec.Path.Value, `"`)
				if !importAllowed(imported, allow) {
					t.Errorf("%s: package %s may not import %s", f.path, p.dir, imported)
				}
			}
		}
	}
}

// TestImportsGoUp has every row name packages of earlier rows only.
func TestImportsGoUp(t *testing.T) {
	for i, row := range mayImport {
		for _, pattern := range row.allow {
			for k, other := range mayImport {
				if k >= i && pattern != anything && other.pkg != row.pkg && pattern != cgo && matches(pattern, other.pkg) {
					t.Errorf("%s may import %s, which comes after it", row.pkg, other.pkg)
				}
			}
		}
	}
}

// TestImportsInREADME has its list of the packages hold those of the table, in the
// same order. Packages that only one other can import may be left out.
func TestImportsInREADME(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	_, structure, _ := strings.Cut(string(text), "\n## Structure\n")
	structure, _, _ = strings.Cut(structure, "\n## ")
	var listed, want []string
	for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(structure, -1) {
		if slices.ContainsFunc(mayImport, func(row importRow) bool { return row.pkg == quoted[1] }) {
			listed = append(listed, quoted[1])
		}
	}
	for _, row := range mayImport {
		if !strings.HasSuffix(row.pkg, "/...") && (slices.Contains(listed, row.pkg) || !strings.Contains(row.pkg, "/internal/")) {
			want = append(want, row.pkg)
		}
	}
	require.Equal(t, want, listed)
}

func TestImportRules(t *testing.T) {
	for _, c := range []struct {
		pkg, imported string
		want          bool
	}{
		{"tensor/backend", "fmt", true},
		{"tensor/backend", "net/http", false},
		{"tensor/backend", "C", false},
		{"tensor/backend", cpuid, false},
		{"tensor/backend", module + "tensor", false},
		{"tensor", module + "tensor/internal/cpu", true},
		{"tensor", module + "gpu", false},
		{"tensor", "gonum.org/v1/gonum/mat", false},
		{"tensor/internal/f32", cpuid, true},
		{"gpu", "C", true},
		{"gpu", "github.com/go-gl/gl/v4.3-core/gl", true},
		{"gpu", module + "tensor", false},
		{"examples/train", "gonum.org/v1/plot", true},
		{"examples/convertvgg", "net/http", true},
		{"nn/pth", module + "tensor", false},
	} {
		allow, ok := allowedImports(c.pkg)
		require.True(t, ok, c.pkg)
		require.Equal(t, c.want, importAllowed(c.imported, allow), "%s importing %s", c.pkg, c.imported)
	}
	_, ok := allowedImports("nn/unheardof")
	require.False(t, ok)
}

// TestPackageDocs wants one package comment for each package: two would be
// glued together in an order nobody chose. Tests alone need none.
func TestPackageDocs(t *testing.T) {
	for _, p := range packages(t) {
		if !slices.ContainsFunc(p.files, func(f file) bool { return !isTest(f.path) }) {
			continue
		}
		var docs []string
		for _, f := range p.files {
			if f.syntax.Doc == nil || isTest(f.path) {
				continue
			}
			docs = append(docs, f.path)
			name := f.syntax.Name.Name
			if name != "main" && !strings.HasPrefix(f.syntax.Doc.Text(), "Package "+name+" ") {
				t.Errorf("%s: the package comment should begin with \"Package %s\"", f.path, name)
			}
		}
		if len(docs) != 1 {
			t.Errorf("package %s has %d package comments, want one: %v", p.dir, len(docs), docs)
		}
	}
}

// unfinished matches the marks of work put off. The words are split so that
// this file does not match itself.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX|HA` + `CK)\b`)

func TestSourceFiles(t *testing.T) {
	const maxLines = 600
	extensions := []string{".go", ".s", ".comp", ".py", ".mjs", ".md"}
	walk(t, func(name string) {
		if !slices.Contains(extensions, path.Ext(name)) {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		if at := unfinished.FindIndex(text); at != nil {
			t.Errorf("%s:%d: %s", name, 1+bytes.Count(text[:at[0]], []byte("\n")), text[at[0]:at[1]])
		}
		if n := bytes.Count(text, []byte("\n")); n > maxLines && !generated(text) {
			t.Errorf("%s has %d lines; hand-written files have at most %d", name, n, maxLines)
		}
	})
}

// TestTopLevel keeps the root as the README describes it.
func TestTopLevel(t *testing.T) {
	allowed := []string{
		"tensor", "nn", "vgg", "train", "onnxexport", "gpu", "examples", "benchmarks", "internal",
		"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "RELIABILITY.md", "SECURITY.md", "LICENSE", "THIRD_PARTY", "Makefile", "go.mod", "go.sum",
		"runs", // what examples/train leaves; ignored by git
	}
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || slices.Contains([]string{".test", ".prof"}, path.Ext(name)) {
			continue
		}
		if !slices.Contains(allowed, name) {
			t.Errorf("%s does not belong at the top of the tree", name)
		}
	}
}

// pkg is a directory with Go files; file is one of them, both named relative
// to the root with slashes.
type pkg struct {
	dir   string
	files []file
}

type file struct {
	path   string
	syntax *ast.File // up to its imports
}

func packages(t *testing.T) []pkg {
	t.Helper()
	var all []pkg
	walk(t, func(name string) {
		if path.Ext(name) != ".go" {
			return
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly|parser.ParseComments)
		require.NoError(t, err)
		dir := path.Dir(name)
		i := slices.IndexFunc(all, func(p pkg) bool { return p.dir == dir })
		if i < 0 {
			i = len(all)
			all = append(all, pkg{dir: dir})
		}
		all[i].files = append(all[i].files, file{name, syntax})
	})
	require.NotEmpty(t, all)
	return all
}

// walk calls f for every file of the module, with the directories that the go
// command does not see left out.
func walk(t *testing.T, f func(name string)) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			base := d.Name()
			if name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) ||
				slices.Contains([]string{"testdata", "runs", "node_modules"}, base) {
				return fs.SkipDir
			}
			return nil
		}
		f(name)
		return nil
	}))
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.go") }

// generated looks for the mark of a generated file in its first lines.
func generated(text []byte) bool {
	head := text[:min(len(text), 1000)]
	return bytes.Contains(head, []byte("DO NOT EDIT"))
}

// matches reports whether the pattern, with its optional "/...", covers name.
func matches(pattern, name string) bool {
	if pattern == anything {
		return true
	}
	tree, isTree := strings.CutSuffix(pattern, "/...")
	return name == tree || isTree && strings.HasPrefix(name, tree+"/")
}

func allowedImports(dir string) (allow []string, ok bool) {
	longest := -1
	for _, row := range mayImport {
		if matches(row.pkg, dir) && len(row.pkg) > longest {
			longest, allow = len(row.pkg), row.allow
		}
	}
	return allow, longest >= 0
}

func importAllowed(imported string, allow []string) bool {
	imported = strings.TrimPrefix(imported, module)
	for _, pattern := range allow {
		if matches(pattern, imported) {
			return true
		}
	}
	return isStandard(imported) && imported != cgo && !matches("net/http/...", imported)
}

// isStandard tells the standard library by its first element, which has no dot
// and is none of this module's top directories.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") &&
		!slices.Contains([]string{"tensor", "nn", "vgg", "train", "onnxexport", "gpu", "examples", "benchmarks", "internal"}, first)
}
