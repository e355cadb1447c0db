package need

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequired(t *testing.T) {
	for _, c := range []struct {
		list, name string
		want       bool
	}{
		{"", "torch", false},
		{"torch", "torch", true},
		{"torchvision", "torch", false},
		{"torch", "torchvision", false},
		{"ort, torch ,cc", "torch", true},
		{"all", "torch", true},
		{"all,-torch", "torch", false},
		{"all,-torch", "cc", true},
		{"all,-torch,torch", "torch", true},
	} {
		require.Equal(t, c.want, required(c.list, c.name), "%q, %q", c.list, c.name)
	}
}

// outcome is a test that notes what is done to it.
type outcome struct {
	testing.TB
	skipped, failed bool
}

func (*outcome) Helper()                 {}
func (*outcome) Name() string            { return "TestOutcome/part" }
func (o *outcome) Skip(...any)           { o.skipped = true; runtime.Goexit() }
func (o *outcome) Fatal(...any)          { o.failed = true; runtime.Goexit() }
func (o *outcome) Fatalf(string, ...any) { o.failed = true; runtime.Goexit() }

func try(f func(t testing.TB)) *outcome {
	o, done := &outcome{}, make(chan struct{})
	go func() {
		defer close(done)
		f(o)
	}()
	<-done
	return o
}

// TestMissing skips and records, fails where something is demanded, and refuses
// names that are not in the table, so that no list can name what nobody asks for.
func TestMissing(t *testing.T) {
	skips := filepath.Join(t.TempDir(), "skips")
	t.Setenv(skipsEnv, skips)
	t.Setenv(requireEnv, "cc")
	lacks := func(name string) func(testing.TB) {
		return func(t testing.TB) { Missing(t, name, "for a\nreason: %d", 7) }
	}
	require.Equal(t, &outcome{skipped: true}, try(lacks("ort")))
	require.Equal(t, &outcome{skipped: true}, try(func(t testing.TB) { Shared(t, "no/such/file") }))
	require.Equal(t, &outcome{failed: true}, try(lacks("cc")))
	require.Equal(t, &outcome{failed: true}, try(lacks("gcc")))
	require.Equal(t, &outcome{failed: true}, try(func(t testing.TB) { Tool(t, "opengl") }))
	t.Setenv(requireEnv, "all")
	require.Equal(t, &outcome{failed: true}, try(lacks("ort")))
	require.Equal(t, &outcome{failed: true}, try(func(t testing.TB) { Shared(t, "no/such/file") }))

	text, err := os.ReadFile(skips)
	require.NoError(t, err)
	dir, err := os.Getwd()
	require.NoError(t, err)
	require.Equal(t, dir+"\tTestOutcome/part\tort\tfor a reason: 7\n"+
		dir+"\tTestOutcome/part\tshared\tshared/no/such/file is not beside the repository\n", string(text))
}

func TestLong(t *testing.T) {
	t.Setenv(skipsEnv, "")
	t.Setenv(requireEnv, "")
	for value, want := range map[string]bool{"": false, "0": false, "1": true} {
		t.Setenv(longEnv, value)
		require.Equal(t, want, Long())
		require.Equal(t, !want, try(OnlyLong).skipped)
	}
}

func TestTool(t *testing.T) {
	_, err := program("no-such-program")()
	require.EqualError(t, err, "no-such-program is not installed")
	path, err := program("go", "no-such-program")()
	require.Error(t, err, path)
	path, err = program("go")()
	require.NoError(t, err)
	require.NotEmpty(t, path)
	_, err = python("no_such_module")()
	require.Error(t, err)
}

// TestInventory reads the tests of the whole tree. Every need has an entry in the
// table and every entry is needed by some test; none skips in another way. With -v
// it lists what is needed where, and whether it is here: what is not makes those
// tests skip.
func TestInventory(t *testing.T) {
	users := map[string][]string{}
	require.NoError(t, fs.WalkDir(os.DirFS("../.."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.ContainsAny(d.Name()[:1], "._") ||
			slices.Contains([]string{"testdata", "runs", "node_modules", "need"}, d.Name())):
			return fs.SkipDir
		case filepath.Ext(name) != ".go":
			return nil
		}
		files := token.NewFileSet()
		syntax, err := parser.ParseFile(files, filepath.Join("../..", name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			function, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			receiver, _ := function.X.(*ast.Ident)
			switch {
			case receiver == nil:
			case !strings.HasSuffix(receiver.Name, "need"):
				if slices.Contains([]string{"t", "b", "f", "tb"}, receiver.Name) && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, function.Sel.Name) {
					t.Errorf("%s: skips without package need, so that nobody can demand that it runs", files.Position(call.Pos()))
				}
			case slices.Contains([]string{"Tool", "Missing", "Python"}, function.Sel.Name):
				if literal, ok := call.Args[1].(*ast.BasicLit); ok {
					what, err := strconv.Unquote(literal.Value)
					require.NoError(t, err)
					users[what] = append(users[what], name)
				}
			case function.Sel.Name == "Shared":
				users["shared"] = append(users["shared"], name)
			case function.Sel.Name == "OnlyLong":
				users["long"] = append(users["long"], name)
			}
			return true
		})
		return nil
	}))
	for what := range users {
		if _, ok := lookup(what); !ok {
			t.Errorf("%v need %q, which has no entry in table.go", users[what], what)
		}
	}
	for _, e := range table {
		state := "its tests find out"
		if e.find != nil {
			state = "here"
			if _, err := e.find(); err != nil {
				state = "MISSING: " + err.Error()
			}
		}
		list := slices.Compact(slices.Sorted(slices.Values(users[e.name])))
		t.Logf("%s: %s; needed by %s", e.name, state, strings.Join(list, " "))
	}
}
