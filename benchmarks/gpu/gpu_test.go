package main

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/need"
)

func TestUsage(t *testing.T) {
	var log bytes.Buffer
	for _, args := range [][]string{{"stray"}, {"-shrink", "0"}, {"-only", "("}, {"-no-such-flag"}, {"-tflops", "-1"}, {"-gbs", "NaN"}} {
		require.Error(t, run(context.Background(), args, &log, &log), "%v", args)
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	tab := &table{out: &out, peak: 10e12, peers: parsePeer([]byte("hello\nfp32 step [8 16 32]: 27.25\ntf32 x: y\n"))}
	require.Len(t, tab.peers, 1)
	tab.head()
	tab.add(row{Case: work.Case{Name: "copy", Bytes: 2e9}, time: 10 * time.Millisecond, host: 5 * time.Microsecond, dispatches: 1})
	tab.add(row{Case: work.Case{Name: "relu.fwd", Bytes: 1e9}, time: 10 * time.Millisecond})
	tab.add(row{Case: work.Case{Name: "counted", Bytes: 1e9}, dispatches: 2})
	tab.add(row{Case: work.Case{Name: "step [8 16 32]", FLOP: 1e11}, time: 20 * time.Millisecond, dispatches: 653, barriers: 465})
	require.Regexp(t, `copy +10\.000 +0\.005 +200 GB/s +- +100 % +1 +0 +- +-\n`, out.String())
	require.Regexp(t, `relu.fwd +10\.000 +0\.000 +100 GB/s +- +50 %`, out.String())
	require.Regexp(t, `counted +- +0\.000 +- +- +- +2 +0`, out.String())
	require.Regexp(t, `step \[8 16 32\] +20\.000 +0\.000 +5\.00 TF/s +50 % +- +653 +465 +27\.250 +-\n`, out.String())
	require.Regexp(t, `^\| card \| 4\.6 \| [\d-]+ \| 20\.00( \| -){7} \|$`, tab.summary(gpu.Info{Renderer: "card", Version: "4.6"}))
}

// TestKernels sums up what kernels are counted to do, and what a card needs for that.
func TestKernels(t *testing.T) {
	on := card{flops: 1e12, bytes: 1e9}
	require.Equal(t, 2*time.Millisecond, on.floor(gpu.Dispatch{FLOPs: 1e9, Bytes: 2e6}), "memory decides")
	require.Equal(t, 3*time.Millisecond, on.floor(gpu.Dispatch{FLOPs: 3e9, Bytes: 2e6}), "products decide")
	require.Equal(t, 2*time.Millisecond, card{bytes: 1e9}.floor(gpu.Dispatch{FLOPs: 3e9, Bytes: 2e6}), "of an unknown peak")
	var out bytes.Buffer
	printKernels(&out, "frame", []kernel{
		{name: "conv2d", dispatches: 2, flops: 3e9, bytes: 1e8, floor: 3 * time.Millisecond, device: 5 * time.Millisecond},
		{name: "relu", dispatches: 1, bytes: 1e6, floor: time.Millisecond},
	})
	require.Regexp(t, "\\| `conv2d` +\\| 2 +\\| 3\\.00 +\\| 100\\.0 +\\| 30\\.0 +\\| 3\\.000 +\\| 5\\.000 +\\|\n\\| `relu` +\\| 1 +\\| +\\| 1\\.0 +\\| +\\| 1\\.000 +\\| +\\|\n"+
		"\\| \\*\\*all\\*\\* +\\| 3 +\\| 3\\.00 +\\| 101\\.0 +\\| 29\\.7 +\\| 4\\.000 +\\| 5\\.000 +\\|\n", out.String())
}

// TestPeer has PyTorch do all of its rows, small ones and on the CPU.
func TestPeer(t *testing.T) {
	python := need.Tool(t, "torchvision")
	cmd := exec.Command(python, "cuda.py", "--device=cpu", "--shrink=16", "--rounds=1", `--only=conv5|60x33 \[8 |step \[8 `)
	cmd.Dir = "../peers"
	var log bytes.Buffer
	cmd.Stderr = &log
	text, err := cmd.Output()
	require.NoError(t, err, log.String())
	times := parsePeer(text)
	for _, name := range []string{"conv5_1.fwd", "frame 60x33 [8 16 32]", "step [8 16 32]"} {
		require.Positive(t, times["fp32 "+name], "%s: %s", name, text)
		require.Positive(t, times["tf32 "+name], "%s: %s", name, text)
	}
}

// TestRun times small rows on the device where there is one, and says why not where
// there is none.
func TestRun(t *testing.T) {
	var out, log bytes.Buffer
	err := run(context.Background(), []string{"-shrink=16", "-time=0", "-python=", "-kernels", "-gbs=1", `-only=conv1_1|relu|gram|frame 60x33 .8`}, &out, &log)
	if err != nil {
		require.ErrorIs(t, err, gpu.ErrUnavailable)
		return
	}
	for _, want := range []string{"conv1_1.fwd", "conv1_1.bwd", "conv1_1.dw", "relu.fwd", "gram", "frame 60x33 [8 16 32]"} {
		require.Contains(t, out.String(), want)
	}
	require.Regexp(t, "\\| copy +\\| dispatches .*\n.*\n\\| `elementwise` +\\| 1 +\\| +\\| 2\\.1 +\\| +\\| 2\\.097 +\\| +\\|\n", out.String())

	out.Reset()
	require.NoError(t, run(context.Background(), []string{"-shrink=16", "-time=1us", "-python=", "-kernels", `-only=^relu`}, &out, &log))
	require.Regexp(t, "\n\\| copy .*\n.*\n\\| `elementwise` +\\| 1 +\\| +\\| 2\\.1 +\\| +\\| [0-9.]+ +\\| [0-9. ]+\\|\n", out.String())
}
