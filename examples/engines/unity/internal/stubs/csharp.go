package main

import (
	"regexp"
	"slices"
	"strings"
)

// What is needed of C#: namespaces, types and the heads of their members.

// decl is a declaration.
type decl struct {
	key       string   // name, and "`n" for n parameters of types
	modifiers []string // that a caller sees
	signature string   // the rest of the head
	bases     []string
	accessors []string // "get", "set"
	members   []*decl
}

var (
	comment = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	// Of alternatives only the first is read, which is that of the newest Unity: #else
	// and what follows it is dropped.
	directive = regexp.MustCompile(`(?m)^[ \t]*#.*$`)
	otherwise = regexp.MustCompile(`(?ms)^[ \t]*#\s*(?:else|elif)\b.*?^([ \t]*#\s*endif)`)
	token     = regexp.MustCompile(`@?"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)+'|[\w.]*\w|=>|[^\s\w]`)
	// Names are written with or without what they are in.
	qualifier = regexp.MustCompile(`^(?:(?:global::)?(?:UnityEngine|Unity|System|Rendering|Experimental|RenderGraphModule|InferenceEngine|Collections|Generic)\.)+(\w)`)
)

// tokens splits C# without comments and directives.
func tokens(text string) []string {
	text = comment.ReplaceAllStringFunc(text, func(c string) string { return " " })
	text = otherwise.ReplaceAllString(text, "$1")
	text = directive.ReplaceAllString(text, "")
	all := token.FindAllString(text, -1)
	for i, t := range all {
		all[i] = qualifier.ReplaceAllString(t, "$1")
	}
	return all
}

// reader takes tokens from a file.
type reader struct{ rest []string }

// until takes tokens up to one of the stops outside of parentheses and brackets, which
// it returns.
func (r *reader) until(stops ...string) (head []string, stop string) {
	depth := 0
	for len(r.rest) > 0 {
		t := r.rest[0]
		r.rest = r.rest[1:]
		switch t {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		}
		if depth == 0 && slices.Contains(stops, t) {
			return head, t
		}
		head = append(head, t)
	}
	return head, ""
}

// block takes what is in braces, of which the first is taken already.
func (r *reader) block() []string {
	depth := 1
	for i, t := range r.rest {
		switch t {
		case "{":
			depth++
		case "}":
			depth--
		}
		if depth == 0 {
			inner := r.rest[:i]
			r.rest = r.rest[i+1:]
			return inner
		}
	}
	inner := r.rest
	r.rest = nil
	return inner
}

// namespace reads what is in one.
func (r *reader) namespace(name string, types map[string][]*decl) {
	for len(r.rest) > 0 {
		head, stop := r.until("{", ";", "}")
		if stop != "{" {
			if d := declaration(head); d.key != "" && slices.Contains(head, "delegate") {
				types[name+"."+d.key] = append(types[name+"."+d.key], d)
			}
			continue
		}
		inner := reader{r.block()}
		if i := slices.Index(head, "namespace"); i >= 0 && i+1 < len(head) {
			inner.namespace(strings.TrimPrefix(name+"."+head[i+1], "."), types)
			continue
		}
		d := declaration(head)
		inner.members(d, slices.Contains(head, "enum"))
		types[name+"."+d.key] = append(types[name+"."+d.key], d)
	}
}

// members reads those of a type.
func (r *reader) members(of *decl, enum bool) {
	if enum {
		for len(r.rest) > 0 {
			head, _ := r.until(",")
			head = withoutAttributes(head)
			if len(head) > 0 {
				of.members = append(of.members, &decl{key: head[0], signature: head[0]})
			}
		}
		return
	}
	for len(r.rest) > 0 {
		head, stop := r.until("{", ";", "=>", "=")
		d := declaration(head)
		switch stop {
		case "{":
			inner := r.block()
			d.accessors = inner
			if slices.ContainsFunc(head, func(t string) bool { return slices.Contains(typeKeywords, t) }) {
				nested := reader{inner}
				nested.members(d, slices.Contains(head, "enum"))
			}
			if len(r.rest) > 0 && r.rest[0] == "=" { // of a property
				r.until(";")
			}
		case "=>":
			d.accessors = []string{"get"}
			r.until(";")
		case "=":
			r.until(";")
		}
		of.members = append(of.members, d)
	}
}

var (
	typeKeywords = []string{"class", "struct", "interface", "enum"}
	// seen are the modifiers that a caller sees; hidden ones make no difference.
	seen   = []string{"public", "protected", "static", "abstract", "delegate"}
	hidden = []string{"extern", "unsafe", "virtual", "override", "new", "sealed", "partial", "readonly", "ref", "async", "internal", "private"}
)

// declaration reads a head. Modifiers and attributes go; what constrains parameters of
// types goes too.
func declaration(head []string) *decl {
	d := &decl{}
	head = withoutAttributes(head)
	if i := slices.Index(head, "{"); i >= 0 { // a property in a list
		for _, t := range head[i:] {
			if t == "get" || t == "set" {
				d.accessors = append(d.accessors, t)
			}
		}
		head = head[:i]
	}
	for len(head) > 0 {
		if slices.Contains(seen, head[0]) {
			d.modifiers = append(d.modifiers, head[0])
		} else if !slices.Contains(hidden, head[0]) {
			break
		}
		head = head[1:]
	}
	if i := slices.Index(head, "where"); i >= 0 {
		head = head[:i]
	}
	isType := len(head) > 1 && slices.Contains(typeKeywords, head[0])
	if i := slices.Index(head, ":"); i >= 0 {
		if isType {
			for _, b := range head[i+1:] {
				if b != "," {
					d.bases = append(d.bases, b)
				}
			}
		}
		head = head[:i]
	}
	d.signature = join(head)
	switch {
	case isType:
		d.key = head[1] + arity(head[2:])
	case slices.Contains(d.modifiers, "delegate") && len(head) > 2:
		d.key = head[1] + arity(head[2:])
	}
	return d
}

// arity returns "`n" for n parameters of types.
func arity(after []string) string {
	if len(after) == 0 || after[0] != "<" {
		return ""
	}
	end := slices.Index(after, ">")
	n := 1
	for _, t := range after[:max(end, 0)] {
		if t == "," {
			n++
		}
	}
	return "`" + string(rune('0'+n))
}

// withoutAttributes drops [...] where it is no index or type of an array: at the start
// of a declaration or a parameter.
func withoutAttributes(head []string) (rest []string) {
	for i := 0; i < len(head); i++ {
		if head[i] == "[" && (len(rest) == 0 || rest[len(rest)-1] == "(" || rest[len(rest)-1] == ",") {
			for depth := 0; i < len(head); i++ {
				if head[i] == "[" {
					depth++
				} else if head[i] == "]" {
					if depth--; depth == 0 {
						break
					}
				}
			}
			continue
		}
		rest = append(rest, head[i])
	}
	return rest
}
