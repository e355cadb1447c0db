package shader

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
)

func zeros(n *arch.Network) (d statedict.Dict) {
	for _, p := range n.Params() {
		d = append(d, statedict.Entry{Name: p.Name, Shape: p.Shape, Data: make([]float32, p.Len())})
	}
	return d
}

// TestBuffersLive follows what lies in each buffer: a layer reads the one before it
// and those that it adds, not what has taken their place.
func TestBuffersLive(t *testing.T) {
	for _, n := range []*arch.Network{
		arch.Tutorial([3]int{8, 16, 32}, 5), arch.Tutorial([3]int{8, 8, 8}, 1), arch.PyTorchExamples([3]int{4, 6, 8}, 3),
	} {
		p, err := New(n, zeros(n))
		require.NoError(t, err)
		holds := make([]int, len(p.Buffers))
		layer := -1
		for _, s := range p.Steps {
			k := &p.Kernels[s.Kernel]
			switch k.kind {
			case "read":
				holds[s.Bindings[1]] = -1
			case "conv":
				require.Equal(t, layer, holds[s.Bindings[1]])
				layer++
				holds[s.Bindings[2]] = layer
				require.Equal(t, Buffer{n.Layers[layer].Out, n.Scales()[layer]}, p.Buffers[s.Bindings[2]])
			case "apply":
				require.Equal(t, layer, holds[s.Bindings[0]])
				plus := n.Layers[layer].Plus
				for i, b := range s.Bindings[len(s.Bindings)-len(plus):] {
					require.Equal(t, plus[i].Layer, holds[b])
				}
			case "write":
				require.Equal(t, len(n.Layers)-1, holds[s.Bindings[1]])
			}
		}
		// Fewer buffers than outputs, of which the picture is one: they are used again.
		require.Less(t, len(p.Buffers), len(n.Layers)+1)
	}
}

// TestNothingInVain computes no channels that are not there, and applies nothing to
// the layer that has neither norm, activation nor sum.
func TestNothingInVain(t *testing.T) {
	n := arch.Tutorial([3]int{8, 16, 32}, 2)
	p, err := New(n, zeros(n))
	require.NoError(t, err)
	want, applied := 0, 0
	for i := range n.Layers {
		l := &n.Layers[i]
		blocked := (l.Out + 15) / 16 * 16
		if l.Out < 16 {
			blocked = (l.Out + 3) / 4 * 4
		}
		want += blocked * (1 + l.In*l.Taps()*l.Taps())
		if l.Norm != "" {
			want += 2 * l.Out
		}
		if l.Norm != "" || l.ReLU || len(l.Plus) > 0 {
			applied++
		}
	}
	require.Len(t, p.Weights, want)
	for _, s := range p.Steps {
		if p.Kernels[s.Kernel].kind == "apply" {
			applied--
		}
	}
	require.Zero(t, applied)
}

// TestProgramFollowsTheNetwork compares what each kernel is told with the layer that it
// computes, among them a blurred one and a sum that nothing else is done to, and finds
// the values of every parameter where it looks for them.
func TestProgramFollowsTheNetwork(t *testing.T) {
	bare := arch.Tutorial([3]int{8, 32, 18}, 2)
	bare.Input, bare.Output = arch.Range{Low: -1, High: 1}, arch.Range{Low: 0.5, High: 2}
	for i := range bare.Layers {
		if l := &bare.Layers[i]; len(l.Plus) > 0 {
			l.Norm, l.ReLU, l.Plus[0].Factor = "", false, float32(i)
		}
	}
	bare.Layers[len(bare.Layers)-1].Norm = "last" // of 3 channels, which are no multiple of 4
	for _, n := range []*arch.Network{bare, arch.PyTorchExamples([3]int{5, 6, 8}, 3), arch.AntiAliased([3]int{8, 12, 20}, 1, true)} {
		d := zeros(n)
		next := float32(0)
		for _, e := range d {
			for i := range e.Data {
				next++
				e.Data[i] = next // no two are the same
			}
		}
		p, err := New(n, d)
		require.NoError(t, err)
		require.Equal(t, [2]int{n.Multiple(), n.MinSize()}, [2]int{p.Multiple, p.MinSize})
		require.Zero(t, len(p.Weights)%4)

		layer, widest, inScale, terms := -1, 0, 1, 0
		var l *arch.Layer
		for _, s := range p.Steps {
			k := &p.Kernels[s.Kernel]
			require.Zero(t, k.At%4, "kernels read by fours")
			switch k.kind {
			case "read":
				require.Equal(t, n.Input.Low, k.Low)
				require.InDelta(t, n.Input.High, k.Low+255*k.Span, 1e-4)
			case "write":
				require.Equal(t, n.Output.Low, k.Low)
				require.InDelta(t, n.Output.High, k.Low+255*k.Span, 1e-4)
			case "conv":
				layer++
				l = &n.Layers[layer]
				scale := n.Scales()[layer]
				require.Equal(t, [7]int{l.In, l.Out, l.Taps(), l.Stride, l.Upsample, scale, inScale},
					[7]int{k.In, k.Out, k.Side, k.Stride, k.Upsample, k.Scale, k.InScale}, l.Name)
				require.Equal(t, scale, s.Scale)
				inScale = scale
				block := 4 * k.Lanes
				require.LessOrEqual(t, block, 16)
				require.True(t, s.Planes*block >= l.Out && (s.Planes-1)*block < l.Out, "%d blocks of %d for %d channels", s.Planes, block, l.Out)
				weight, bias := l.Fold(d.Lookup(l.Conv+".weight").Data), d.Lookup(l.Conv+".bias").Data
				taps := l.In * l.Taps() * l.Taps()
				for c := range l.Out {
					from := p.Weights[k.At+c/block*block*(1+taps)+c%block:]
					require.Equal(t, bias[c], from[0], l.Name)
					require.Equal(t, weight[c*taps], from[block], l.Name)
					require.Equal(t, weight[(c+1)*taps-1], from[block*taps], l.Name)
				}
			case "affine":
				widest = max(widest, l.Out)
				require.Equal(t, d.Lookup(l.Norm+".weight").Data, p.Weights[k.At:][:l.Out])
				require.Equal(t, d.Lookup(l.Norm+".bias").Data, p.Weights[k.At+l.Out:][:l.Out])
			case "apply":
				require.Equal(t, [2]bool{l.Norm != "", l.ReLU}, [2]bool{k.Norm, k.ReLU}, l.Name)
				require.Len(t, k.Factors, len(l.Plus), l.Name)
				terms += len(l.Plus)
				for i, term := range l.Plus {
					require.Equal(t, term.Factor, k.Factors[i], l.Name)
				}
			}
		}
		require.Equal(t, len(n.Layers)-1, layer)
		require.Equal(t, widest, p.Moments)
		for i := range n.Layers {
			terms -= len(n.Layers[i].Plus)
		}
		require.Zero(t, terms, "sums that nobody computes")
		for i := range p.Kernels {
			for j := range i {
				require.NotEqual(t, p.Kernels[i], p.Kernels[j], "a kernel is there once")
			}
		}
	}
}

func TestGroups(t *testing.T) {
	for _, c := range []struct {
		s    Step
		want [3]int
	}{
		{Step{Scale: 2, Tile: [2]int{8, 8}, Planes: 3}, [3]int{3, 2, 3}},   // 20 x 10
		{Step{Scale: 1, Tile: [2]int{256, 0}, Planes: 5}, [3]int{4, 5, 1}}, // 800 pixels
		{Step{Scale: 4, Tile: [2]int{4, 1}, Planes: 1}, [3]int{3, 5, 1}},   // 10 x 5
		{Step{Scale: 4, Planes: 7}, [3]int{1, 7, 1}},
	} {
		x, y, z := c.s.Groups(40, 20)
		require.Equal(t, c.want, [3]int{x, y, z})
	}
}

// TestBlocks: sixteen channels at a time, and fewer only where there are fewer.
func TestBlocks(t *testing.T) {
	for out, want := range map[int][2]int{1: {4, 1}, 4: {4, 1}, 5: {8, 2}, 8: {8, 2}, 16: {16, 4}, 18: {16, 4}, 128: {16, 4}} {
		channels, vectors := blockOf(out)
		require.Equal(t, want, [2]int{channels, vectors}, out)
	}
}

// TestPacked finds each weight where a kernel looks for it.
func TestPacked(t *testing.T) {
	l := &arch.Layer{In: 2, Out: 18, Kernel: 3}
	p := layerWeights{weight: make([]float32, 18*2*9), bias: make([]float32, 18)}
	for i := range p.weight {
		p.weight[i] = float32(i)
	}
	for i := range p.bias {
		p.bias[i] = float32(-1 - i)
	}
	all := packed(l, p, 16)
	const perBlock = 16 * (1 + 2*9)
	require.Len(t, all, 2*perBlock)
	require.EqualValues(t, -18, all[perBlock+1])                    // bias of channel 17
	require.EqualValues(t, 0, all[perBlock+2])                      // there is no channel 18
	require.EqualValues(t, (17*2+1)*9+4, all[perBlock+16*(1+13)+1]) // its middle tap of input 1
}

func TestErrors(t *testing.T) {
	n := arch.Tutorial([3]int{4, 4, 4}, 1)
	d := zeros(n)
	_, err := New(n, d[1:])
	require.EqualError(t, err, "the weights lack conv1.conv2d.weight")
	d[1].Data = d[1].Data[:3]
	_, err = New(n, d)
	require.EqualError(t, err, "conv1.conv2d.bias has 3 values, not 4")
	n.Layers[2].In++
	_, err = New(n, d)
	require.ErrorContains(t, err, "conv3")
}

// TestLanguages writes every kernel in both languages, with nothing left open.
func TestLanguages(t *testing.T) {
	n := arch.Tutorial([3]int{4, 6, 18}, 1)
	p, err := New(n, zeros(n))
	require.NoError(t, err)
	for i := range p.Kernels {
		for _, source := range []string{p.Kernels[i].WGSL(), p.Kernels[i].GLSL()} {
			require.Contains(t, source, "main(")
			require.NotContains(t, source, "<no value>")
			switch k := &p.Kernels[i]; k.kind {
			case "moments":
				require.Contains(t, source, strconv.Itoa(ChunkPixels))
			case "conv":
				for lane := range k.Lanes {
					require.Contains(t, source, fmt.Sprintf("s%d += v * weights[at + %d];", lane, lane))
				}
				require.NotContains(t, source, fmt.Sprintf(" s%d ", k.Lanes))
			}
			require.Equal(t, strings.Count(source, "{"), strings.Count(source, "}"))
		}
	}
}
