package main

import (
	"fmt"
	"regexp"
	"strings"
)

// api is a list of public declarations of one assembly.
//
//	source NAME VERSION [SYMBOL]   what is in it, and with which symbol defined
//	using NAMESPACE
//	namespace NAME
//	public class Name : Base       a type; what is indented below is in it
//		public int width { get; }
//	#if SYMBOL ... #endif          what only versions with the symbol have
type api struct {
	sources []source
	usings  []string
	roots   []*node
}

type source struct{ name, version, symbol string }

// node is a declaration. Its text is as Unity has it, without what a caller does not
// see: bodies, values of fields and of enumerations.
type node struct {
	line      int
	text      string
	namespace string
	symbol    string // "" or what must be defined
	flags     bool   // has the attribute [Flags]
	children  []*node
}

var typeName = regexp.MustCompile(`\b(class|struct|interface|enum) (\w+)`)

// kind returns the keyword of a type and its name, or "" and "".
func (n *node) kind() (keyword, name string) {
	if m := typeName.FindStringSubmatch(before(n.text, "(", " where ", "<")); m != nil {
		return m[1], m[2]
	}
	return "", ""
}

// before returns text up to the first of the stops.
func before(text string, stops ...string) string {
	for _, stop := range stops {
		text, _, _ = strings.Cut(text, stop)
	}
	return text
}

// parse reads a list.
func parse(text string) (*api, error) {
	a := &api{}
	var stack []*node // of the types around the line
	namespace, symbol, flags := "", "", false
	for i, line := range strings.Split(text, "\n") {
		text := strings.TrimLeft(line, "\t")
		word, rest, _ := strings.Cut(text, " ")
		depth := len(line) - len(text)
		switch {
		case text == "":
		case word == "source":
			fields := append(strings.Fields(rest), "")
			if len(fields) < 3 {
				return nil, fmt.Errorf("line %d: want source NAME VERSION", i+1)
			}
			a.sources = append(a.sources, source{fields[0], fields[1], fields[2]})
		case word == "using":
			a.usings = append(a.usings, rest)
		case word == "namespace":
			namespace = rest
		case word == "#if":
			symbol = rest
		case word == "#endif":
			symbol = ""
		case text == "[Flags]":
			flags = true
		case depth > len(stack):
			return nil, fmt.Errorf("line %d: indented too far", i+1)
		default:
			n := &node{line: i + 1, text: text, namespace: namespace, symbol: symbol, flags: flags}
			flags = false
			stack = stack[:depth]
			if depth == 0 {
				a.roots = append(a.roots, n)
			} else {
				parent := stack[depth-1]
				parent.children = append(parent.children, n)
			}
			stack = append(stack, n)
		}
	}
	if len(a.sources) == 0 {
		return nil, fmt.Errorf("no line says of what source it is")
	}
	return a, nil
}

// stub returns C# that declares what is in the list.
func (a *api) stub() string {
	var b strings.Builder
	b.WriteString("// Made by examples/engines/unity/internal/stubs from the list in testdata/api. DO NOT EDIT.\n")
	for _, u := range a.usings {
		fmt.Fprintf(&b, "using %s;\n", u)
	}
	namespace := ""
	for _, n := range a.roots {
		if n.namespace != namespace {
			if namespace != "" {
				b.WriteString("}\n")
			}
			namespace = n.namespace
			fmt.Fprintf(&b, "\nnamespace %s\n{\n", namespace)
		}
		n.write(&b, "", 1)
	}
	b.WriteString("}\n")
	return b.String()
}

// write writes a declaration inside a type of the given kind.
func (n *node) write(b *strings.Builder, inside string, depth int) {
	indent := strings.Repeat("    ", depth)
	if n.symbol != "" {
		fmt.Fprintf(b, "#if %s\n", n.symbol)
		defer b.WriteString("#endif\n")
	}
	if n.flags {
		fmt.Fprintf(b, "%s[Flags]\n", indent)
	}
	text := n.text
	kind, _ := n.kind()
	open := inside == "interface" || strings.Contains(n.text, "abstract ")
	switch {
	case kind != "":
		fmt.Fprintf(b, "%s%s\n%[1]s{\n", indent, text)
		for _, c := range n.children {
			c.write(b, kind, depth+1)
		}
		text = "}"
	case inside == "enum":
		text += ","
	case strings.Contains(text, "{ get"):
		if !open {
			text = strings.NewReplacer("get;", "get { throw null; }", "set;", "set { throw null; }").Replace(text)
		}
	case strings.Contains(text, "(") && !open && !strings.Contains(text, "delegate "):
		text += " { throw null; }"
	default:
		text += ";"
	}
	b.WriteString(indent + text + "\n")
}
