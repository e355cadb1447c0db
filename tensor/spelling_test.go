package tensor_test

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// British words and the beginnings of British verbs (before "ise"), split so that this
// file does not match itself.
var (
	britishWords = []string{
		"colo" + "ur", "gre" + "y", "neighbo" + "ur", "behavio" + "ur", "cent" + "re", "favo" + "ur", "hono" + "ur", "cance" + "lled",
		"cance" + "lling", "labe" + "lled", "mode" + "lling", "trave" + "lled", "towar" + "ds", "artef" + "act", "licen" + "ce", "analy" + "se",
	}
	britishVerbs = []string{
		"normal", "styl", "vector", "optim", "minim", "maxim", "initial", "recogn", "quant", "synchron", "serial", "organ", "summar", "general",
		"special", "util", "local", "parallel", "visual", "random", "stabil", "memor", "factor", "regular", "token", "final", "equal", "linear",
	}
)

// spelledSo are names that others spell so.
var spelledSo = []string{"monobehav" + "iour"}

// TestSourceFilesSpelling keeps the whole tree, code included, to American spelling.
func TestSourceFilesSpelling(t *testing.T) {
	extensions := []string{".go", ".comp", ".glsl", ".wgsl", ".py", ".mjs", ".js", ".html", ".md", ".cs", ".gd", ".hlsl", ".shader"}
	walk(t, func(name string) {
		if !slices.Contains(extensions, path.Ext(name)) {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		text = bytes.ToLower(text)
		for _, kept := range spelledSo {
			text = bytes.ReplaceAll(text, []byte(kept), nil)
		}
		report := func(word string) {
			if at := bytes.Index(text, []byte(word)); at >= 0 {
				t.Errorf("%s:%d: %s is British spelling", name, 1+bytes.Count(text[:at], []byte("\n")), word)
			}
		}
		for _, word := range britishWords {
			report(word)
		}
		for _, verb := range britishVerbs {
			if !bytes.Contains(text, []byte(verb+"is")) {
				continue
			}
			for _, ending := range []string{"ise", "ising", "isation"} {
				report(verb + ending)
			}
		}
	})
}
