package arch_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/arch"
)

func TestSizes(t *testing.T) {
	for _, family := range arch.Families() {
		n := mustNew(t, family, [3]int{2, 3, 4}, 2)
		require.NoError(t, n.CheckSize(960, 540))
		require.NoError(t, n.CheckSize(8, 8))
		for _, s := range [][2]int{{4, 8}, {8, 4}, {541, 540}, {540, 542}, {0, 0}, {-8, 8}} {
			require.ErrorContains(t, n.CheckSize(s[0], s[1]), fmt.Sprintf("%dx%d", s[0], s[1]))
		}
		for size, want := range map[int]int{-3: 8, 1: 8, 8: 8, 9: 12, 540: 540, 541: 544} {
			require.Equal(t, want, n.FitSize(size))
		}
		require.Equal(t, []int{1, 2, 4, 4, 4, 4, 4, 2, 1, 1}, n.Scales())
	}
	flat := &arch.Network{Layers: []arch.Layer{{In: 3, Out: 3, Kernel: 7, Stride: 1, Upsample: 1}}}
	require.Equal(t, 1, flat.Multiple())
	require.Equal(t, 4, flat.MinSize())
	require.Equal(t, 3, flat.Halo(nil))
}

// TestHalo follows the pixels that those of an aligned tile depend on, along one
// axis, back through the layers to the input, as the tutorial's code has them.
func TestHalo(t *testing.T) {
	const begin, end = 1000, 1004 // the last pixel is end-1
	for _, c := range []struct {
		family       string
		blur, smooth int // half the filters
	}{{"tutorial", 0, 0}, {"pytorch-examples", 0, 0}, {"anti-aliased", 1, 1}, {"anti-aliased-nearest", 1, 0}} {
		for blocks := 1; blocks <= 7; blocks++ {
			lo, hi := begin-4, end-1+4 // deconv3
			for range 2 {              // deconv2 and deconv1: a 3x3 kernel on repeated pixels
				lo, hi = (lo-1-c.smooth)/2, (hi+1+c.smooth)/2
			}
			lo, hi = lo-2*blocks, hi+2*blocks
			for range 2 { // conv3 and conv2: stride 2
				lo, hi = 2*lo-1-c.blur, 2*hi+1+c.blur
			}
			lo, hi = lo-4, hi+4 // conv1
			reach := max(begin-lo, hi-(end-1))
			n := mustNew(t, c.family, [3]int{1, 1, 1}, blocks)
			require.GreaterOrEqual(t, n.Halo(nil), reach, "%s, %d blocks", c.family, blocks)
			require.Less(t, n.Halo(nil), reach+4)
			require.Zero(t, n.Halo(nil)%4)
		}
	}
	tutorial := arch.Tutorial([3]int{1, 1, 1}, 5)
	require.Equal(t, 56, tutorial.Halo(nil))

	// With the innermost outputs known: conv1 for conv2 for deconv2, 4+2*3+1 and up;
	// what is known of deconv1's input, 2 of its pixels.
	scales := tutorial.Scales()
	require.Equal(t, 12, tutorial.Halo(func(layer int) bool { return scales[layer] == 4 }))
	// The encoder alone: conv1 for conv2 for conv3, 4+1+2*1 = 7 pixels, rounded up. 6
	// would be too few; 10 and 14 only cost time.
	require.Equal(t, 8, tutorial.Halo(func(layer int) bool { return layer >= 2 }))
}

func TestCosts(t *testing.T) {
	n := arch.Tutorial([3]int{2, 3, 5}, 1)
	for i, want := range []int64{128 * 2 * 3 * 81, 32 * 3 * 2 * 9, 8 * 5 * 3 * 9, 8 * 5 * 5 * 9, 8 * 5 * 5 * 9, 32 * 3 * 5 * 9, 128 * 2 * 3 * 9, 128 * 3 * 2 * 81} {
		require.Equal(t, want, n.MACs(i, 16, 8), n.Layers[i].Name)
	}
	soft := arch.AntiAliased([3]int{2, 3, 5}, 1, true)
	require.Equal(t, int64(32*3*2*25), soft.MACs(1, 16, 8))

	// By hand: the skip connections keep one output per scale beside the decoder's;
	// of blocks there are the first input, the last output, and the two of a block.
	n = arch.Tutorial([3]int{8, 16, 32}, 5)
	require.Equal(t, []int{16, 32, 128}, []int{n.Live(1), n.Live(2), n.Live(4)})
	require.Equal(t, 16+32/4.0+128/16.0, n.LivePerPixel())
	n = arch.PyTorchExamples([3]int{8, 16, 32}, 5)
	require.Equal(t, []int{11, 16, 96}, []int{n.Live(1), n.Live(2), n.Live(4)})
}

func TestLastUse(t *testing.T) {
	require.Equal(t, []int{8, 7, 6, 4, 6, 6, 7, 8, 9, 9}, arch.Tutorial([3]int{1, 1, 1}, 2).LastUse())
	require.Equal(t, []int{1, 2, 4, 4, 6, 6, 7, 8, 9, 9}, arch.PyTorchExamples([3]int{1, 1, 1}, 2).LastUse())
}
