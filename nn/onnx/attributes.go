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

// attributeTypes are those of the attributes that are read, by the operators'
// specifications.
var attributeTypes = map[string][]AttributeType{
	"epsilon": {AttributeFloat}, "min": {AttributeFloat}, "max": {AttributeFloat}, "ratio": {AttributeFloat},
	"cubic_coeff_a": {AttributeFloat}, "extrapolation_value": {AttributeFloat},
	"axis": {AttributeInt}, "exclude_outside": {AttributeInt}, "group": {AttributeInt}, "seed": {AttributeInt}, "to": {AttributeInt},
	"auto_pad": {AttributeString}, "coordinate_transformation_mode": {AttributeString}, "mode": {AttributeString}, "nearest_mode": {AttributeString},
	"scales": {AttributeFloats},
	"axes":   {AttributeInts}, "dilations": {AttributeInts}, "ends": {AttributeInts}, "kernel_shape": {AttributeInts},
	"pads": {AttributeInts}, "perm": {AttributeInts}, "starts": {AttributeInts}, "strides": {AttributeInts},
	"value": {AttributeFloat, AttributeTensor}, // of Pad, of constants
}

// typed returns an error if an attribute is of another type than its operator's: what
// is in the right field would be taken for its value otherwise.
func (n *Node) typed() error {
	for _, a := range n.Attributes {
		if types := attributeTypes[a.Name]; types != nil && !slices.Contains(types, a.Type) {
			return fmt.Errorf("attribute %s is of type %d, expected %d", a.Name, a.Type, types[0])
		}
	}
	return nil
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
