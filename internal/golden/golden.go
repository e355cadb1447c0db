// Package golden holds results of PyTorch, torchvision and Pillow, which tests
// compare ours with. make.py beside it makes them and says how; the tests of this
// package run it again where PyTorch is installed.
//
// The files under testdata are
//
//	op/NAME.safetensors    operands, result, and gradients of one operation
//	tutorial.pth, tutorial.safetensors
//	                       weights of the tutorial's network, and one pass forward
//	                       and backward
//	vgg19.safetensors      the features of VGG-19 with the weights of vgg/vggtest
//	training/              pictures, first weights, in PyTorch's legacy container, and
//	                       losses and first gradients of a training
//	resize.safetensors     a picture resized as in the tutorial
//	jpeg/                  JPEG files, and their pixels as PNG files
package golden

import (
	"embed"
	"encoding/binary"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"testing"
)

//go:embed testdata
var files embed.FS

// Path returns the path of a copy of a file or of a folder.
func Path(t testing.TB, name string) string {
	t.Helper()
	root := t.TempDir()
	err := fs.WalkDir(files, path.Join("testdata", name), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		to := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "testdata", filepath.FromSlash(name))
}

// Bytes returns the content of a file.
func Bytes(t testing.TB, name string) []byte {
	t.Helper()
	data, err := files.ReadFile(path.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Tensor is a tensor's little-endian bytes, and its values if they are float32.
type Tensor struct {
	Shape []int
	Data  []float32
	Bytes []byte
}

// File is a file's tensors by name.
type File map[string]Tensor

// Read reads a safetensors file. It trusts the file, and shares no code with the
// reader of package nn/safetensors.
func Read(t testing.TB, name string) File {
	t.Helper()
	data := Bytes(t, name)
	size := binary.LittleEndian.Uint64(data)
	var header map[string]struct {
		DType   string
		Shape   []int
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(data[8:8+size], &header); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	f := File{}
	for key, e := range header {
		tensor := Tensor{Shape: e.Shape, Bytes: data[8+size:][e.Offsets[0]:e.Offsets[1]]}
		if e.DType == "F32" {
			tensor.Data = make([]float32, len(tensor.Bytes)/4)
			for i := range tensor.Data {
				tensor.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(tensor.Bytes[4*i:]))
			}
		}
		f[key] = tensor
	}
	return f
}

// Unit returns n of the numbers in [-1, 1) that make.py uses, from number start on:
// the top 24 bits of SplitMix64's outputs (Steele et al., doi:10.1145/2714064.2660195).
func Unit(start uint64, n int) []float32 {
	u := make([]float32, n)
	for i := range u {
		z := (start + uint64(i) + 1) * 0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		u[i] = float32(z>>40)*0x1p-23 - 1
	}
	return u
}

// Get returns a tensor that has to be there.
func (f File) Get(t testing.TB, name string) Tensor {
	t.Helper()
	tensor, ok := f[name]
	if !ok {
		t.Fatalf("no tensor %q", name)
	}
	return tensor
}
