package printable_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/printable"
)

// hostile texts are what a terminal would act on.
var hostile = map[string]string{
	"clear screen":        "a\x1b[2Jb",
	"title":               "\x1b]0;root@host\x07",
	"C1 sequence":         "a\u009b2Jb",
	"raw C1 byte":         "a\x9b2Jb",
	"carriage return":     "error\rall is well",
	"backspace":           "no\b\byes",
	"right to left":       "final\u202egnp.exe",
	"isolate":             "\u2066a\u2069",
	"left-to-right mark":  "a\u200eb",
	"zero width":          "a\u200bb\ufeff",
	"line separator":      "a\u2028b\u2029c",
	"new lines":           "a\n\nimpasto: done\n",
	"tag characters":      "a\U000e0041b",
	"nul":                 "a\x00b",
	"invalid UTF-8":       "\xff\xfe",
	"half a character":    "abc\xe2\x82",
	"no-break space":      "a\u00a0b",
	"replacement is kept": "a\ufffdb",
}

func TestNothingHidden(t *testing.T) {
	for what, text := range hostile {
		for _, shown := range []string{printable.Name(text), printable.Line(text), printable.Text(text), printable.Names([]string{text})} {
			require.True(t, utf8.ValidString(shown), what)
			require.False(t, strings.ContainsFunc(shown, func(r rune) bool { return !unicode.IsPrint(r) }), "%s: %q", what, shown)
		}
	}
}

// TestJSON writes hostile texts as JSON: nothing of them is to be seen, and all of it
// comes back.
func TestJSON(t *testing.T) {
	for what, text := range hostile {
		plain, err := json.MarshalIndent(map[string]string{"name": text + "\x7f"}, "", "\t")
		require.NoError(t, err)
		shown := printable.JSON(plain)
		require.False(t, bytes.ContainsFunc(shown, func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' }), "%s: %q", what, shown)
		var want, got map[string]string
		require.NoError(t, json.Unmarshal(plain, &want))
		require.NoError(t, json.Unmarshal(shown, &got), what)
		require.Equal(t, want, got, what)
	}
	harmless := []byte("{\n\t\"ünï\": 1\n}\n")
	require.Equal(t, harmless, printable.JSON(harmless))
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"plain, \"quoted\" – ünï": "plain, \"quoted\" – ünï",
		"a\x1b[2Jb":               `a\x1b[2Jb`,
		"a\xffb":                  `a\xffb`,
		"a\x9bb":                  `a\x9bb`,
		"a\u202eb":                `a\u202eb`,
		"a\nb":                    `a\nb`,
		`C:\new`:                  `C:\new`,
	} {
		require.Equal(t, want, printable.Text(text))
	}
	require.Equal(t, "a b c", printable.Line(" a\n\tb\r\nc "))
}

func TestLength(t *testing.T) {
	for n, want := range map[int]int{printable.MaxText - 1: printable.MaxText - 1, printable.MaxText: printable.MaxText, printable.MaxText + 1: printable.MaxText + 1, 1e6: printable.MaxText + 1} {
		require.Equal(t, want, utf8.RuneCountInString(printable.Line(strings.Repeat("é", n))))
	}
	require.Equal(t, printable.MaxName+3, utf8.RuneCountInString(printable.Name(strings.Repeat("x", 1000)))) // quotes and the mark
}

// TestLongNames: a name of as many characters as fit needs no quotes.
func TestLongNames(t *testing.T) {
	fits := strings.Repeat("x", printable.MaxName)
	require.Equal(t, fits, printable.Names([]string{fits}))
	require.Equal(t, `"`+fits+`…"`, printable.Names([]string{fits + "x"}))
}

func TestError(t *testing.T) {
	require.Equal(t, "x: a; b; c", printable.Error(fmt.Errorf("x: %w", errors.Join(errors.New("a"), errors.Join(errors.New("b\r\n"), errors.New("c"))))))
	require.Equal(t, `all of: a\x1b[2J; b c`, printable.Error(errors.New("all of:\n  a\x1b[2J;\nb  c")))
	require.Less(t, len(printable.Error(errors.New(strings.Repeat("a\n", 1e6)))), 2*printable.MaxText)
}

func TestNames(t *testing.T) {
	require.Equal(t, "", printable.Names(nil))
	require.Equal(t, `conv1.conv2d.weight, a b, " a", "a,b", ""`, printable.Names([]string{"conv1.conv2d.weight", "a b", " a", "a,b", ""}))
	nine := strings.Split("a b c d e f g h i", " ")
	require.Equal(t, "a, b, c, d, e, f, g, h, i", printable.Names(nine))
	require.Equal(t, "a, b, c, d, e, f, g, h and 2 more", printable.Names(append(nine, "j")))
	require.Less(t, len(printable.Names(make([]string, 1e6))), 100)
	require.Less(t, len(printable.Names([]string{strings.Repeat("x", 1e6)})), 100)
}
