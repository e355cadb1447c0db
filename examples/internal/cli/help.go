package cli

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// indent is where the help's descriptions of flags begin.
const indent = 26

// width returns the columns of a terminal, 80 if f is none.
func width(f *os.File) int {
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 2*indent {
		return min(columns, 120)
	}
	return 80
}

// help prints the help in lines of so many columns.
func (f *Flags) help(w io.Writer, columns int) {
	f.collect()
	fmt.Fprintf(w, "Usage: %s %s\n\n%s\n", f.Name(), f.synopsis, f.about)
	for _, s := range f.sections {
		if len(s.names) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s:\n", s.title)
		for _, name := range s.names {
			f.describe(w, f.Lookup(name), columns)
		}
	}
}

// describe prints a flag, its meaning and its defaults.
func (f *Flags) describe(w io.Writer, g *flag.Flag, columns int) {
	value, usage := flag.UnquoteUsage(g)
	head := strings.TrimRight("  -"+g.Name+" "+value, " ")
	if d := f.defaults(g); d != "" {
		usage += " (default " + d + ")"
	}
	if len(head) > indent-2 {
		fmt.Fprintln(w, head)
		head = ""
	}
	for _, line := range Wrap(usage, columns-indent) {
		fmt.Fprintf(w, "%-*s%s\n", indent, head, line)
		head = ""
	}
}

// defaults writes the defaults of a flag, but none that says nothing.
func (f *Flags) defaults(g *flag.Flag) string {
	text := shown(g)
	for _, o := range f.others {
		other := o.flags.Lookup(g.Name)
		if other == nil || other.DefValue == g.DefValue {
			continue
		}
		if text == "" {
			text = "none"
		}
		instead := shown(other)
		if instead == "" {
			instead = "none"
		}
		text += "; " + o.when + " " + instead
	}
	return text
}

// shown returns the default of a flag, nothing for what a flag has that is not given.
func shown(g *flag.Flag) string {
	switch g.DefValue {
	case "0", "false", "0s":
		return ""
	}
	return g.DefValue
}

// Wrap breaks a text into lines of at most so many columns between words; a longer
// word gets a line of its own.
func Wrap(text string, columns int) (lines []string) {
	var line string
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > columns {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
