package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// check looks up each line of the list in each of its sources, which are folders
// NAME@VERSION in dir.
func (a *api) check(assembly, dir string) error {
	var errs []error
	for _, s := range a.sources {
		root := filepath.Join(dir, s.name+"@"+s.version) + string(filepath.Separator)
		types, err := readTypes(root)
		if err != nil {
			return err
		}
		count := 0
		for _, n := range a.roots {
			found := types[tokens(n.namespace)[0]+"."+n.key()]
			if n.symbol != "" && n.symbol != s.symbol {
				continue
			}
			errs = append(errs, n.checkType(found, s, &count)...)
		}
		fmt.Printf("%s: %d declarations looked up in %s %s\n", assembly, count, s.name, s.version)
	}
	return errors.Join(errs...)
}

// key returns what names a type or a delegate: its name, and how many parameters of
// types it has.
func (n *node) key() string {
	d := declaration(tokens(n.text))
	return d.key
}

// checkType compares a type with the declarations of its name in a source, of which
// partial types have several.
func (n *node) checkType(found []*decl, s source, count *int) (errs []error) {
	fail := func(n *node, what string) {
		errs = append(errs, fmt.Errorf("line %d: %s %s %s: %s", n.line, s.name, s.version, what, n.text))
	}
	*count++
	if len(found) == 0 {
		fail(n, "has no")
		return errs
	}
	own := declaration(tokens(n.text))
	var members []*decl
	var bases, modifiers []string
	for _, f := range found {
		members = append(members, f.members...)
		bases = append(bases, f.bases...)
		modifiers = append(modifiers, f.modifiers...)
	}
	for _, b := range own.bases {
		if !slices.Contains(bases, b) {
			fail(n, "has no such base of")
		}
	}
	for _, m := range own.modifiers {
		if !slices.Contains(modifiers, m) {
			fail(n, "does not say "+m+" of")
		}
	}
	if own.signature != found[0].signature {
		fail(n, "declares otherwise, as "+found[0].signature+",")
	}
	for _, c := range n.children {
		if c.symbol != "" && c.symbol != s.symbol {
			continue
		}
		want := declaration(tokens(c.text))
		if kind, _ := c.kind(); kind != "" {
			var nested []*decl
			for _, m := range members {
				if m.key == want.key {
					nested = append(nested, m)
				}
			}
			errs = append(errs, c.checkType(nested, s, count)...)
			continue
		}
		*count++
		if !slices.ContainsFunc(members, func(m *decl) bool { return m.offers(want) }) {
			fail(c, "has no")
		}
	}
	return errs
}

// offers reports whether a member of a source is what a list says.
func (d *decl) offers(want *decl) bool {
	if d.signature != want.signature {
		return false
	}
	for _, m := range want.modifiers {
		if !slices.Contains(d.modifiers, m) {
			return false
		}
	}
	for _, a := range want.accessors {
		if !slices.Contains(d.accessors, a) {
			return false
		}
	}
	return true
}

// readTypes reads all C# files below root. Types are named by namespace and key.
func readTypes(root string) (map[string][]*decl, error) {
	types := map[string][]*decl{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".cs" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r := reader{rest: tokens(string(text))}
		r.namespace("", types)
		return nil
	})
	if err == nil && len(types) == 0 {
		err = fmt.Errorf("%s: no types of C#", root)
	}
	return types, err
}

// join writes tokens with what tells words apart.
func join(t []string) string { return strings.Join(t, " ") }
