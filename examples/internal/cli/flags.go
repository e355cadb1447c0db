package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Flags are those of a program, in sections for its help.
type Flags struct {
	*flag.FlagSet
	synopsis, about string
	sections        []*section
	current         *section
	others          []others
}

// section is a heading of the help and the flags below it.
type section struct {
	title string
	names []string
}

// others are defaults that hold in other circumstances than those of the flags.
type others struct {
	when  string
	flags *flag.FlagSet
}

// NewFlags returns an empty set of flags for Parse. The synopsis lists the
// arguments in short; about says in a sentence or two what the program does.
func NewFlags(synopsis, about string) *Flags {
	f := &Flags{FlagSet: flag.NewFlagSet(Name(), flag.ContinueOnError), synopsis: synopsis, about: about}
	f.SetOutput(io.Discard) // Main prints errors, without all of the help
	f.Usage = func() {}     // Parse prints the help
	return f
}

// Section begins or continues a section of the help, which those flags are in that are
// declared from now on.
func (f *Flags) Section(title string) {
	f.collect()
	f.current = nil
	for _, s := range f.sections {
		if s.title == title {
			f.current = s
		}
	}
	if f.current == nil {
		f.current = &section{title: title}
		f.sections = append(f.sections, f.current)
	}
}

// collect gives the flags that are in no section yet to the current one.
func (f *Flags) collect() {
	var listed, names []string
	for _, s := range f.sections {
		listed = append(listed, s.names...)
	}
	f.VisitAll(func(g *flag.Flag) {
		if !slices.Contains(listed, g.Name) {
			names = append(names, g.Name)
		}
	})
	if len(names) == 0 {
		return
	}
	if f.current == nil {
		f.current = &section{title: "Flags"}
		f.sections = append(f.sections, f.current)
	}
	f.current.names = append(f.current.names, names...)
}

// Others has the help show the defaults that declare sets besides those of f, where
// they differ, with when they hold, such as "without -dataset".
func (f *Flags) Others(when string, declare func(*Flags)) {
	o := NewFlags("", "")
	declare(o)
	f.others = append(f.others, others{when, o.FlagSet})
}

// Given reports whether the command line sets a flag.
func (f *Flags) Given(name string) (found bool) {
	f.Visit(func(g *flag.Flag) { found = found || g.Name == name })
	return found
}

// Parse parses args and wants exactly the given number of operands after the
// flags. A flag may be given once, unless it is a List. It prints the help on stdout
// when asked by -h, and then returns flag.ErrHelp; every other error is as from Usagef.
func Parse(flags *Flags, args []string, operands int) error {
	return ParseBetween(flags, args, operands, operands)
}

// ParseBetween is Parse with at least so many operands, and at most so many.
func ParseBetween(flags *Flags, args []string, least, most int) error {
	if described != nil {
		*described = flags
		return errDescribed
	}
	parsed := map[string]*checked{}
	flags.VisitAll(func(f *flag.Flag) {
		parsed[f.Name] = &checked{Value: f.Value, name: f.Name}
		f.Value = parsed[f.Name]
	})
	err := flags.FlagSet.Parse(args)
	flags.VisitAll(func(f *flag.Flag) { f.Value = parsed[f.Name].Value })
	for _, c := range parsed {
		if c.err != nil {
			return c.err
		}
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.help(os.Stdout, width(os.Stdout))
		return err
	case err != nil:
		return flags.explain(err)
	}
	for _, operand := range flags.Args()[:min(flags.NArg(), most+1)] {
		if strings.HasPrefix(operand, "-") && flags.Lookup(strings.TrimLeft(operand, "-")) != nil {
			return Usagef("%s comes too late: flags go before the other arguments", operand)
		}
	}
	switch {
	case flags.NArg() > most:
		return flags.unexpected(args[:len(args)-flags.NArg()], flags.Arg(most))
	case flags.NArg() < least:
		return Usagef("%s needed after the flags, got %d: %s %s", Count(least, "operand is", "operands are"), flags.NArg(), flags.Name(), flags.synopsis)
	}
	return nil
}

// explain words an error of package flag.
func (f *Flags) explain(err error) error {
	const unknown = "flag provided but not defined: -"
	name, ok := strings.CutPrefix(err.Error(), unknown)
	if !ok {
		return &usageError{err}
	}
	var names []string
	f.VisitAll(func(g *flag.Flag) { names = append(names, g.Name) })
	if near, ok := Nearest(name, names); ok {
		return Usagef("unknown flag -%s; did you mean -%s?", name, near)
	}
	return Usagef("unknown flag -%s (-h lists all)", name)
}

// unexpected says what is wrong with an operand after flags.
func (f *Flags) unexpected(before []string, operand string) error {
	if n := len(before); n > 0 && (operand == "true" || operand == "false") {
		name := strings.TrimLeft(before[n-1], "-")
		if g := f.Lookup(name); g != nil && isBool(g.Value) {
			return Usagef("-%s %s: want -%[1]s=%[2]s, in one word", name, operand)
		}
	}
	return Usagef("unexpected argument %q (-h shows the usage)", operand)
}

// checked is a flag's value that is set once, and whose errors say what is wanted.
type checked struct {
	flag.Value
	name string
	set  bool
	err  error
}

// Set sets the value.
func (c *checked) Set(text string) error {
	if _, list := c.Value.(*List); c.set && !list {
		c.err = Usagef("-%s is given twice: which of them?", c.name)
		return c.err
	}
	c.set = true
	if err := c.Value.Set(text); err != nil {
		c.err = Usagef("-%s %q: %v", c.name, text, c.wanted(err))
	}
	return c.err
}

// wanted words an error of package flag's own values, which does not say much.
func (c *checked) wanted(err error) error {
	getter, ok := c.Value.(flag.Getter)
	if !ok {
		return err
	}
	if strings.Contains(err.Error(), "range") {
		return errors.New("the number is out of range")
	}
	switch getter.Get().(type) {
	case int, int64:
		return errors.New("want a whole number")
	case uint, uint64:
		return errors.New("want a whole number from 0")
	case float64:
		return errors.New("want a number")
	case time.Duration:
		return errors.New("want a time such as 250ms or 1m30s")
	case bool:
		return errors.New("want true or false")
	}
	return err
}

// IsBoolFlag reports whether the flag needs no value, as package flag asks.
func (c *checked) IsBoolFlag() bool { return isBool(c.Value) }

func isBool(v flag.Value) bool {
	b, ok := v.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// List is the value of a flag that may be given several times. The first time
// replaces what it held by default.
type List struct {
	values *[]string
	set    bool
}

// ListVar declares a flag whose values are appended to p, the default.
func (f *Flags) ListVar(p *[]string, name, usage string) { f.Var(&List{values: p}, name, usage) }

// Set appends a value.
func (l *List) Set(text string) error {
	if !l.set {
		*l.values, l.set = nil, true
	}
	*l.values = append(*l.values, text)
	return nil
}

// String returns the values with commas between them.
func (l *List) String() string {
	if l.values == nil {
		return ""
	}
	return strings.Join(*l.values, ",")
}

// Count writes a number with what it counts in the singular or plural.
func Count(n int, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}

// List returns the flags by name.
func (f *Flags) List() (list []*flag.Flag) {
	f.VisitAll(func(g *flag.Flag) { list = append(list, g) })
	return list
}
