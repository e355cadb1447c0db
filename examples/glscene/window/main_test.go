package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"-model", "x", "-frames", "-1"}, {"-model", "x", "-width", "0"}, {"-model", "x", "-height", "8193"}} {
		require.Error(t, run(context.Background(), args), "%v", args)
	}
	require.ErrorContains(t, run(context.Background(), []string{"-model", "missing.pth"}), "missing.pth")
}
