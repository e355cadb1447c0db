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
