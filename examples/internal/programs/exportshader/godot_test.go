package exportshader

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/modeltest"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/shader"
	"github.com/impasto-go/impasto/nn/weights"
)

// TestVulkan compiles the shaders of a script to SPIR-V, as Godot does.
func TestVulkan(t *testing.T) {
	glslang := need.Tool(t, "glslang")
	dir := t.TempDir()
	for _, n := range []*arch.Network{arch.Tutorial([3]int{8, 16, 32}, 2), arch.PyTorchExamples([3]int{6, 10, 18}, 1)} {
		p, err := shader.New(n, modeltest.Weights(n))
		require.NoError(t, err)
		for i := range p.Kernels {
			file := filepath.Join(dir, "kernel.comp")
			require.NoError(t, os.WriteFile(file, []byte(vulkan+p.Kernels[i].GLSL()), 0o600))
			out, err := exec.Command(glslang, "-V", file, "-o", filepath.Join(dir, "kernel.spv")).CombinedOutput()
			require.NoError(t, err, "%s: %s", p.Kernels[i].Name(), out)
		}
	}
}

// TestGDScript has scripts parsed by a grammar of Godot's language, and one with an error.
func TestGDScript(t *testing.T) {
	modules := need.Tool(t, "gdscript")
	dir := t.TempDir()
	var files []string
	for name, n := range map[string]*arch.Network{
		"tutorial.gd": arch.Tutorial([3]int{4, 6, 8}, 1), "others.gd": arch.PyTorchExamples([3]int{6, 10, 18}, 1),
	} {
		model, out := filepath.Join(dir, "final.pth"), filepath.Join(dir, name)
		require.NoError(t, weights.WriteFile(model, modeltest.Weights(n)))
		require.NoError(t, Run(context.Background(), []string{"-model", model, "-out", out, "-title", `"a" \ #b`}))
		files = append(files, out)
	}
	parse := func(files ...string) (string, error) {
		cmd := exec.Command("node", append([]string{"testdata/gdscript.js"}, files...)...)
		cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	says, err := parse(files...)
	require.NoError(t, err, says)

	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	broken := filepath.Join(dir, "broken.gd")
	require.NoError(t, os.WriteFile(broken, append(text, "\nfunc more(:\n\treturn 1\n"...), 0o600))
	says, err = parse(broken)
	require.Error(t, err)
	require.Contains(t, says, "broken.gd:")
}

func TestScript(t *testing.T) {
	dir := t.TempDir()
	model, out := filepath.Join(dir, "final.pth"), filepath.Join(dir, "starry_night-2.gd")
	require.NoError(t, weights.WriteFile(model, modeltest.Weights(arch.Tutorial([3]int{4, 6, 8}, 1))))
	require.NoError(t, Run(context.Background(), []string{"-model", model, "-out", out, "-title", "a\nb"}))
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Contains(t, string(text), "\nclass_name StarryNight2\n")
	require.Contains(t, string(text), "# a b: ")
	require.NotContains(t, string(text), "{{")
}
