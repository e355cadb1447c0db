package inputs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/ranks"
	"github.com/impasto-go/impasto/vgg"
)

func TestFilters(t *testing.T) {
	for list, want := range map[string][3]int{"8,16,32": {8, 16, 32}, "1, 1 ,4096": {1, 1, 4096}} {
		got, err := Filters(list)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, list := range []string{"", "8,16", "8,16,32,64", "0,16,32", "8,16,4097", "8,x,32"} {
		_, err := Filters(list)
		require.ErrorContains(t, err, "-filters", list)
		require.IsType(t, cli.Usagef(""), err)
	}
}

func TestArch(t *testing.T) {
	a, err := Arch("tutorial", "4,6,8", 1)
	require.NoError(t, err)
	require.Equal(t, 1, a.Blocks)
	_, err = Arch("tutorial", "4,6,8", 0)
	require.ErrorContains(t, err, "-res-blocks 0")
	_, err = Arch("none", "4,6,8", 1)
	require.ErrorContains(t, err, "-arch")
}

func TestStyleLayers(t *testing.T) {
	got, err := StyleLayers("relu1_2, relu2_2:0.5")
	require.NoError(t, err)
	require.Equal(t, []train.StyleLayer{{Layer: vgg.Relu12, Weight: 1}, {Layer: vgg.Relu22, Weight: 0.5}}, got)
	for _, list := range []string{"", "relu9_9", "relu1_2:x", "relu1_2:"} {
		_, err := StyleLayers(list)
		require.ErrorContains(t, err, "-style-layers", list)
	}
}

func TestMissing(t *testing.T) {
	require.NoError(t, Missing(false, "", ""))
	require.NoError(t, Missing(true, "compact", "a.png"))
	require.ErrorContains(t, Missing(true, "", "a.png"), "-vgg is missing")
	require.ErrorContains(t, Missing(true, "compact", ""), "-style is missing")
}

// TestDrawn: without files there are drawn scenes, of which none is the test picture.
func TestDrawn(t *testing.T) {
	p, err := OpenPictures(Choice{ContentScale: 2})
	require.NoError(t, err)
	require.Equal(t, 128, p.Data.Len())
	for i := range 2 {
		m, err := p.Data.Load(i)
		require.NoError(t, err)
		require.Equal(t, paint.Scene(uint64(TestScene+1+i), 160, 128), m)
	}
	require.Equal(t, [2]int{256, 256}, [2]int{p.Style.W, p.Style.H})
	require.Equal(t, [2]int{480, 270}, [2]int{p.Test.W, p.Test.H})
	require.NoError(t, p.Close())
	_, err = OpenPictures(Choice{})
	require.ErrorContains(t, err, "-content-scale 0: want")
	for _, most := range []int{-1, 1<<24 + 1} {
		_, err = OpenPictures(Choice{ContentScale: 1, MaxPictureMemory: most})
		require.ErrorContains(t, err, "-max-picture-memory")
	}
}

// TestBase: a network to start from comes with the program; one that is refused for its
// size is freed.
func TestBase(t *testing.T) {
	be := tensor.CPU()
	defer func() { require.NoError(t, be.Close()) }()
	net, err := Network(t.Context(), be, BaseInit, "", "", 0, 64, 0)
	require.NoError(t, err)
	require.Equal(t, [3]int{8, 16, 32}, net.Arch().Filters)
	net.Free()
	_, err = Network(t.Context(), be, BaseInit, "", "", 0, 2, 0)
	require.ErrorContains(t, err, "-image-size")
	require.IsType(t, cli.Usagef(""), err)
}

// TestAlone: a process that mpirun has not started is a group of its own.
func TestAlone(t *testing.T) {
	g, leave, err := Group()
	require.NoError(t, err)
	require.Equal(t, ranks.One{}, g)
	require.NoError(t, leave())
}
