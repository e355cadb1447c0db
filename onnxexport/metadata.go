package onnxexport

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
)

// Keys of the metadata_props entries.
const (
	keyRange      = "value_range"      // unitRange or byteRange
	keyClamp      = "output_clamp"     // what the consumer has to do
	keyColor      = "color_space"      // of input and output
	keySize       = "frame_size"       // the rule that sizes obey
	keyFilters    = "filters"          // of the three convolutions
	keyBlocks     = "res_blocks"       // number of residual blocks
	keyStyle      = "style"            // name of the style, if given
	keyChecksum   = "weights_sha256"   // of the initializers
	unitRange     = "0..1"             // with Options.UnitRange
	byteRange     = "0..255"           // without
	colorContract = "sRGB, RGB planes" // as image files hold them
)

// metadata describes the contract of the graph's input and output, so that a
// file explains itself, and secures its weights.
func metadata(l layout, g *Graph, o Options) []Property {
	values := byteRange
	if o.UnitRange {
		values = unitRange
	}
	list := []Property{
		{keyRange, values},
		{keyClamp, "none: clamp the output to " + values},
		{keyColor, colorContract},
		{keySize, "height and width are multiples of 4, at least 8"},
		{keyFilters, fmt.Sprintf("%d,%d,%d", l.filters[0], l.filters[1], l.filters[2])},
		{keyBlocks, strconv.Itoa(l.blocks)},
	}
	if o.Style != "" {
		list = append(list, Property{keyStyle, o.Style})
	}
	return append(list, Property{keyChecksum, g.checksum()})
}

// checksum returns the SHA-256 of all initializers: their names, dimensions
// and elements.
func (g *Graph) checksum() string {
	h := sha256.New()
	for i := range g.Initializers {
		t := &g.Initializers[i]
		fmt.Fprintf(h, "%q %d %v %d\n", t.Name, t.DataType, t.Dims, len(t.Raw))
		h.Write(t.Raw)
	}
	return hex.EncodeToString(h.Sum(nil))
}
