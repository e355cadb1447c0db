package onnx

import (
	"fmt"
	"slices"

	"github.com/impasto-go/impasto/internal/printable"
)

// integer returns an integer attribute, or its default.
func (n *Node) integer(name string, otherwise int64) int64 {
	if a := n.Attribute(name); a != nil && a.Type == AttributeInt {
		return a.Int
	}
	return otherwise
}

// integers returns a list of integers, or nil if the attribute is missing.
func (n *Node) integers(name string) []int64 {
	if a := n.Attribute(name); a != nil && a.Type == AttributeInts {
		return a.Ints
	}
	return nil
}

// text returns a text attribute, or its default.
func (n *Node) text(name, otherwise string) string {
	if a := n.Attribute(name); a != nil && a.Type == AttributeString {
		return a.String
	}
	return otherwise
}

// only returns an error if n has an attribute that is not in the list: it could
// change what the node means.
func (n *Node) only(names ...string) error {
	for _, a := range n.Attributes {
		if !slices.Contains(names, a.Name) {
			return fmt.Errorf("attribute %s is not known", printable.Name(a.Name))
		}
	}
	return nil
}

// must returns an error if a list of integers is there and is not all v.
func (n *Node) must(name string, v int64) error {
	for _, i := range n.integers(name) {
		if i != v {
			return fmt.Errorf("%s are %v, expected all %d", name, n.integers(name), v)
		}
	}
	return nil
}
