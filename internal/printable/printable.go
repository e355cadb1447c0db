// Package printable makes text of foreign origin fit to be shown: names in files
// and archives, file names, messages of drivers and of other programs. Shown as it
// is, such text could move a terminal's cursor, clear its screen, reverse the order
// of what follows, or fill pages.
package printable

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxName is how many characters Name shows.
const MaxName = 80

// MaxText is how many characters Line shows.
const MaxText = 4000

// Name returns s in quotes, escaped as in Go and cut to MaxName characters: for a
// name that may hold anything.
func Name(s string) string {
	return strconv.Quote(cut(s, MaxName))
}

// Names joins the first few of names, each as by Name without the quotes where it
// needs none, and counts the rest.
func Names(names []string) string {
	const most = 8
	var b strings.Builder
	for i, n := range names {
		if i == most && len(names) > most+1 {
			b.WriteString(" and " + strconv.Itoa(len(names)-most) + " more")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(plain(n))
	}
	return b.String()
}

// plain returns a name as it is if it is short and every character of it is a
// letter, a digit, a space inside or one of a few signs.
func plain(s string) string {
	odd := func(r rune) bool {
		return !strings.ContainsRune("._-/: ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) || r == utf8.RuneError
	}
	if s == "" || strings.TrimSpace(s) != s || len(s) > MaxName || strings.ContainsFunc(s, odd) {
		return Name(s)
	}
	return s
}

// Line returns s as one line of at most MaxText characters: line breaks and tabs
// become spaces, and whatever else is not to be seen (control characters, marks that
// turn the direction of text, invalid UTF-8) becomes an escape as in Go.
func Line(s string) string { return Text(strings.Join(strings.Fields(s), " ")) }

// Error returns the message of err as by Line, with semicolons between errors that
// were joined.
func Error(err error) string {
	var b strings.Builder
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			continue
		case b.Len() == 0:
		case strings.HasSuffix(b.String(), ":"), strings.HasSuffix(b.String(), ";"):
			b.WriteByte(' ')
		default:
			b.WriteString("; ")
		}
		b.WriteString(line)
	}
	return Line(b.String())
}

// Text is Line for text whose spaces mean something: line breaks are escaped, as
// everything that is not to be seen.
func Text(s string) string {
	s = cut(s, MaxText)
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[0])|0x100, 16)[1:])
		case hidden(r):
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// JSON escapes what is not to be seen in JSON's own way: the text means the same to who
// parses it, and shows what it is to who reads it.
func JSON(text []byte) []byte {
	if !bytes.ContainsFunc(text, unseen) {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if !unseen(r) {
			b.WriteRune(r)
			continue
		}
		for _, half := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, half)
		}
	}
	return b.Bytes()
}

// unseen reports whether r is hidden and not what JSON is laid out with. Outside of
// JSON's strings there is no such character.
func unseen(r rune) bool { return r != '\n' && r != '\t' && r != utf8.RuneError && hidden(r) }

// hidden reports whether r is not to be seen, or may be what stands for invalid
// UTF-8.
func hidden(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// cut returns the first n characters of s, marked if it had more.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count == n {
			return s[:i] + "…"
		}
		count++
	}
	return s
}
