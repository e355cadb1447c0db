package stylize

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli/clitest"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// trained returns the weights of a small network whose output fills 0..255.
func trained() statedict.Dict {
	d := nn.NewTransformerNet(reference.New(), [3]int{4, 6, 8}, 1, 3).StateDict()
	w, b := d.Lookup("deconv3.conv2d.weight"), d.Lookup("deconv3.conv2d.bias")
	for i := range w.Data {
		w.Data[i] *= 100
	}
	for i := range b.Data {
		b.Data[i] += 128
	}
	return d
}

func modelFile(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "final.pth")
	require.NoError(t, weights.WriteFile(path, trained()))
	return path
}

func gradient(w, h int) *imageio.Image {
	m := imageio.New(w, h)
	for i := range w * h {
		m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2] = uint8(i%w*5), uint8(i/w*7), uint8(i*3)
	}
	return m
}

func save(t *testing.T, path string, m *imageio.Image) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, imageio.Save(path, m, imageio.SaveOptions{}))
}

func load(t *testing.T, path string) *imageio.Image {
	t.Helper()
	m, err := imageio.Load(path, imageio.Options{KeepAlpha: true})
	require.NoError(t, err)
	return m
}

// styled is what the library makes of m.
func styled(t *testing.T, m *imageio.Image, set func(*stylize.Session)) *imageio.Image {
	t.Helper()
	model, err := stylize.New(trained())
	require.NoError(t, err)
	s := model.NewSession()
	defer s.Close()
	if set != nil {
		set(s)
	}
	out, err := s.Image(m)
	require.NoError(t, err)
	return out
}

func TestPicture(t *testing.T) {
	dir := t.TempDir()
	model := modelFile(t, dir)
	in, out := filepath.Join(dir, "in.png"), filepath.Join(dir, "out.png")
	m := gradient(37, 22)
	save(t, in, m)
	mask := imageio.New(2, 1)
	mask.Pix[3], mask.Pix[4], mask.Pix[5] = 255, 255, 255
	save(t, filepath.Join(dir, "mask.png"), mask)
	onnx := filepath.Join(dir, "final.onnx")
	require.NoError(t, onnxexport.WriteFile(onnx, trained(), onnxexport.Options{Bytes: true}))
	half, err := imageio.Scale(m, 2)
	require.NoError(t, err)

	for _, c := range []struct {
		name string
		args []string
		want *imageio.Image
	}{
		{"plain", nil, styled(t, m, nil)},
		{"onnx", []string{"-model", onnx}, styled(t, m, nil)},
		{"scale", []string{"-scale", "2"}, styled(t, half, nil)},
		{"strength", []string{"-strength", "0.5"}, styled(t, m, func(s *stylize.Session) { s.Strength = 0.5 })},
		{"color", []string{"-keep-color"}, styled(t, m, func(s *stylize.Session) { s.KeepColor = true })},
		{"round", []string{"-round"}, styled(t, m, func(s *stylize.Session) { s.Rounding = imageio.Round })},
		{"mask", []string{"-mask", filepath.Join(dir, "mask.png")},
			styled(t, m, func(s *stylize.Session) { require.NoError(t, s.SetMask(mask)) })},
		{"tiles", []string{"-memory", "1"}, styled(t, m, nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			says := clitest.Output(t, func() {
				require.NoError(t, overridden(append([]string{"-model", model, "-in", in, "-out", out}, c.args...)))
			})
			require.Regexp(t, fmt.Sprintf(`^%s: %dx%d pixels, \d+\.\d\d s\n$`, regexp.QuoteMeta(out), c.want.W, c.want.H), says)
			require.Equal(t, c.want, load(t, out))
		})
	}
}

// TestDeviceGL stylizes on a graphics card where there is one, in 32 and in 16 bits;
// where not, the error says so.
func TestDeviceGL(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.png"), filepath.Join(dir, "out.png")
	m := gradient(48, 22)
	save(t, in, m)
	err := overridden([]string{"-model", modelFile(t, dir), "-in", in, "-out", out, "-device", "gl"})
	if err != nil && !need.Required("opengl") {
		require.ErrorIs(t, err, gpu.ErrUnavailable)
		require.ErrorContains(t, err, "-device gl")
		return
	}
	require.NoError(t, err)
	got := load(t, out)
	for i, want := range styled(t, m, nil).Pix {
		require.InDelta(t, want, got.Pix[i], 1)
	}
	require.NoError(t, overridden([]string{"-model", modelFile(t, dir), "-in", in, "-out", out, "-device", "gl", "-half"}))
	halved := load(t, out)
	require.NotEqual(t, got.Pix, halved.Pix)
	for i, want := range got.Pix {
		require.InDelta(t, want, halved.Pix[i], 3)
	}
}

// TestOrientation styles a JPEG file that is to be turned by a quarter.
func TestOrientation(t *testing.T) {
	dir := t.TempDir()
	model := modelFile(t, dir)
	in, out := filepath.Join(dir, "in.jpg"), filepath.Join(dir, "out.png")
	f, err := os.Create(in)
	require.NoError(t, err)
	require.NoError(t, jpeg.Encode(f, oriented{}, nil))
	require.NoError(t, f.Close())
	data, err := os.ReadFile(in)
	require.NoError(t, err)
	exif := "\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	require.NoError(t, os.WriteFile(in, []byte("\xff\xd8"+exif+string(data[2:])), 0o666))
	require.NoError(t, overridden([]string{"-model", model, "-in", in, "-out", out}))
	got := load(t, out)
	require.Equal(t, [2]int{20, 40}, [2]int{got.W, got.H})
}

// oriented is a picture of 40x20 pixels.
type oriented struct{}

func (oriented) ColorModel() color.Model { return color.RGBAModel }
func (oriented) Bounds() image.Rectangle { return image.Rect(0, 0, 40, 20) }
func (oriented) At(x, y int) color.Color { return color.RGBA{uint8(x * 6), uint8(y * 12), 99, 255} }

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	model := modelFile(t, dir)
	in := filepath.Join(dir, "in")
	out := filepath.Join(in, "styled") // inside -in: must not be styled again
	save(t, filepath.Join(in, "a.png"), gradient(20, 10))
	save(t, filepath.Join(in, "sub", "B.PNG"), gradient(9, 31))
	require.NoError(t, os.WriteFile(filepath.Join(in, "c.ppm"), []byte("P6 1 1 255 abc"), 0o666))
	for _, litter := range []string{"._a.png", "__MACOSX/x.png", "sub/@eaDir/y.jpg"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(in, litter)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(in, litter), []byte("no picture"), 0o666))
	}
	require.NoError(t, os.WriteFile(filepath.Join(in, "notes.txt"), []byte("no picture"), 0o666))
	args := []string{"-model", model, "-in", in, "-out", out}
	for range 2 {
		require.NoError(t, overridden(args))
		require.Equal(t, []string{"a.png", "c.ppm.png", "sub/B.PNG"}, files(t, out))
	}
	require.Equal(t, styled(t, gradient(9, 31), nil), load(t, filepath.Join(out, "sub", "B.PNG")))

	// One bad file does not spoil the others.
	require.NoError(t, os.WriteFile(filepath.Join(in, "bad.jpg"), []byte("no picture"), 0o666))
	require.NoError(t, os.RemoveAll(out))
	require.ErrorContains(t, overridden(args), "1 of 4 pictures failed")
	require.Equal(t, []string{"a.png", "c.ppm.png", "sub/B.PNG"}, files(t, out))

	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, Run(canceled, args), context.Canceled)

	require.NoError(t, os.WriteFile(filepath.Join(in, "c.ppm.png"), []byte("P6 1 1 255 abc"), 0o666))
	require.ErrorContains(t, overridden(args), "would both become")
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	}))
	return names
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	movie := filepath.Join(dir, "movie.mkv")
	require.NoError(t, os.WriteFile(movie, nil, 0o666))
	model := modelFile(t, dir)
	in, out := filepath.Join(dir, "in.png"), filepath.Join(dir, "out.png")
	save(t, in, gradient(8, 8))
	require.NoError(t, os.WriteFile(out, []byte("precious"), 0o666))
	bad := filepath.Join(dir, "bad.png")
	require.NoError(t, os.WriteFile(bad, nil, 0o666))
	missing := trained()[1:]
	require.NoError(t, weights.WriteFile(filepath.Join(dir, "missing.safetensors"), missing))
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.Mkdir(empty, 0o777))
	good := []string{"-model", model, "-in", in, "-out", out}
	with := func(more ...string) []string { return append(good[:6:6], more...) }
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "-model is missing"},
		{good[:2], "-in is missing"},
		{good[:4], "-out is missing"},
		{with("-scale", "0"), "-scale 0"},
		{with("-scale", "NaN"), "-scale NaN"},
		{with("-scale", "9"), "scale 9"},
		{with("-strength", "1.5"), "-strength 1.5"},
		{with("-strength", "NaN"), "-strength NaN"},
		{with("-every", "0"), "-every 0"},
		{with("-memory", "0"), "-memory 0"},
		{with("-device", "cuda"), "-device cuda"},
		{with("-half"), "-device gl"},
		{with("-mask", bad), "bad.png"},
		{with("-model", bad), "bad.png"},
		{with("-model", filepath.Join(dir, "none.pth")), "none.pth"},
		{with("-model", filepath.Join(dir, "missing.safetensors")), "conv1.conv2d.weight"},
		{with("-in", bad), "bad.png"},
		{with("-in", filepath.Join(dir, "none.png")), "none.png"},
		{with("-in", empty), "-out " + out},
		{with("-in", empty, "-out", filepath.Join(dir, "made")), "no pictures"},
		{with("-out", in), "overwritten"},
		{with("-out", filepath.Join(dir, "out.xyz")), ".xyz: want a name that ends in .png, .jpg, .bmp or .tiff for a picture, or in .mp4"},
		{with("-out", filepath.Join(dir, "out.mpg")), ".mpg: want a name that ends in .png"},
		{with("-in", movie), "-in is a video, so want a name that ends in .mp4"},
		{with("-out", filepath.Join(dir, "no", "out.png")), "no such file"},
	} {
		require.ErrorContains(t, overridden(c.args), c.says, "%v", c.args)
	}
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "precious", string(data))
}

// overridden runs the program without the flags that come again later.
func overridden(args []string) error {
	return Run(context.Background(), clitest.Override(args...))
}
