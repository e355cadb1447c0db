package gpuinfo

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

func TestUsage(t *testing.T) {
	require.ErrorContains(t, Run(context.Background(), []string{"-size", "5"}), "-size 5")
	require.ErrorContains(t, Run(context.Background(), []string{"stray"}), "stray")
}

// TestRun describes and tests the device where there is one, and says why not
// where there is none.
func TestRun(t *testing.T) {
	d, err := gpu.Open()
	if err != nil {
		require.ErrorIs(t, Run(context.Background(), nil), gpu.ErrUnavailable)
		return
	}
	require.NoError(t, d.Close())
	require.NoError(t, Run(context.Background(), []string{"-quick"}))
}

func TestDescribe(t *testing.T) {
	var out bytes.Buffer
	describe(&out, gpu.Info{Renderer: "card", MaxBlock: 128 << 20, MaxGroups: 65535, MaxTextureSize: 16384})
	require.Contains(t, out.String(), "renderer  card\n")
	require.Contains(t, out.String(), "128 MiB of a buffer per shader, 65535 work groups per axis, textures up to 16384 pixels")
}

// wrongFill is a little off.
type wrongFill struct{ *reference.Backend }

func (w wrongFill) Fill(dst backend.Buffer, v float32) { w.Backend.Fill(dst, v*1.001) }

func TestWrongDevice(t *testing.T) {
	var out bytes.Buffer
	require.ErrorContains(t, test(&out, wrongFill{reference.New()}), "1 operation(s) are wrong on this device")
	require.Regexp(t, `Fill +2×19×20×22 +error .* WRONG`, out.String())
}

func TestBench(t *testing.T) {
	var out bytes.Buffer
	b := reference.New()
	require.NoError(t, bench(&out, b, 16, time.Nanosecond))
	require.Regexp(t, `conv 3x3 64 to 64 grad weight +[\d.]+ +[\d.]+ +[\d.]+\n`, out.String())
	require.NoError(t, b.Close(), "everything is freed")
}
