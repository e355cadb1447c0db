package onnxexport

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"runtime/debug"
	"strconv"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Keys of the metadata_props entries, besides onnx.KeyRange and onnx.KeyChecksum.
const (
	keyProfile    = "profile"          // which the file was made for
	keyClamp      = "output_clamp"     // what the consumer has to do
	keyColor      = "color_space"      // of input and output
	keySize       = "frame_size"       // the rule that sizes obey
	keyNetwork    = "network"          // name of the family
	keyFilters    = "filters"          // of the three convolutions
	keyBlocks     = "res_blocks"       // number of residual blocks
	keyStyle      = "style"            // name of the style, if given
	keyPrecision  = "precision"        // if weights or values are in half precision
	keyHash       = "network_sha256"   // see Hash
	colorContract = "sRGB, RGB planes" // as image files hold them
)

// describe adds what a file says about itself: producer, text and metadata, which
// tell the contract of the graph's input and output and secure its weights.
func (b *builder) describe(m *onnx.Model, d statedict.Dict) {
	o, n := &b.options, b.network
	values := onnx.UnitRange
	if o.Bytes {
		values = onnx.ByteRange
	}
	sizes := fmt.Sprintf("height and width are multiples of %d, at least %d", n.Multiple(), n.MinSize())
	if o.AnySize {
		sizes = fmt.Sprintf("any height and width of at least %d", n.MinSize()-n.Multiple()+1)
	}
	m.Producer, m.ProducerVersion = "impasto", version()
	m.Doc = fmt.Sprintf("Style transfer network (%v). It takes and returns RGB frames: float32 [N, 3, H, W], sRGB values %s; %s. Clamp the output to %s.",
		n, values, sizes, values)
	m.Metadata = []onnx.Property{
		{Key: onnx.KeyRange, Value: values},
		{Key: keyClamp, Value: "none: clamp the output to " + values},
		{Key: keyColor, Value: colorContract},
		{Key: keySize, Value: sizes},
		{Key: keyNetwork, Value: n.Name},
		{Key: keyFilters, Value: fmt.Sprintf("%d,%d,%d", n.Filters[0], n.Filters[1], n.Filters[2])},
		{Key: keyBlocks, Value: strconv.Itoa(n.Blocks)},
		{Key: keyProfile, Value: o.Profile.String()},
	}
	if o.Precision != Single {
		m.SetProperty(keyPrecision, map[Precision]string{HalfWeights: "weights in float16", HalfValues: "weights and values in float16"}[o.Precision])
	}
	if o.Style != "" {
		m.SetProperty(keyStyle, o.Style)
	}
	m.SetProperty(keyHash, Hash(n, d))
	m.SetProperty(onnx.KeyChecksum, m.Graph.Checksum())
}

// Hash returns a SHA-256 that names the trained network, in hexadecimal digits: that
// of its parameters' names, shapes and values in order, whatever a file makes of
// them. It is the metadata network_sha256 of all files of the same weights, and of
// what is read from these: values of the first and the last convolution that a
// file for 0..1 cannot tell apart, as both are rounded to one, count as equal.
func Hash(n *arch.Network, d statedict.Dict) string {
	h := sha256.New()
	first, last := &n.Layers[0], &n.Layers[len(n.Layers)-1]
	factors := map[string]float64{
		first.Conv + ".weight": size(n.Input), last.Conv + ".weight": 1 / size(n.Output), last.Conv + ".bias": 1 / size(n.Output),
	}
	for _, p := range n.Params() {
		fmt.Fprintf(h, "%s %v\n", p.Name, p.Shape)
		data := d.Lookup(p.Name).Data
		if f := factors[p.Name]; f != 0 {
			data = append([]float32(nil), data...)
			onnx.Scale(data, f)
			onnx.Unscale(data, f)
		}
		raw := make([]byte, 0, 4*len(data))
		for _, v := range data {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		h.Write(raw)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// version returns the version of this module in the running program.
func version() string {
	const path = "github.com/impasto-go/impasto"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == path && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return "devel"
}
