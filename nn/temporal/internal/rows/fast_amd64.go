//go:build !noasm

package rows

import (
	"os"
	"slices"
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// fast tells whether the assembly is used.
var fast = !slices.Contains([]string{"portable", "neon"}, os.Getenv("IMPASTO_ISA")) && cpuid.CPU.Supports(cpuid.AVX2)

// These do the first pixels of a row and return how many. Mix leaves the first out.

func followFast(f *Frame, dst, from []Place, y int) int {
	n := groups(f.W)
	if n == 0 {
		return 0
	}
	var depth, last *float32
	if f.Depth != nil {
		depth, last = &f.Depth[y*f.W], unsafe.SliceData(f.Last)
	}
	var was *int32
	if from != nil {
		was = &from[0].X
	}
	followAVX2(&dst[0].X, was, &f.vectors(y)[0], depth, last, n, y, f.W, f.H, f.ScaleX, f.ScaleY, f.Tolerance)
	return n
}

func carryFast(dst []uint8, at []Place, base []uint64, width int) int {
	n := groups(len(at))
	if n > 0 {
		carryAVX2(&dst[0], &at[0].X, &base[0], n, width)
	}
	return n
}

func mixFast(next []uint64, rows *[3][]uint8, at []Place, base []uint64, share int) int {
	n := groups(len(next) - 2)
	if n > 0 {
		mixAVX2(&next[1], &rows[0][4], &rows[1][4], &rows[2][4], &at[1].X, &base[0], n, len(next), share)
	}
	return 1 + n
}

func takeFast(next []uint64, row []uint8) int {
	n := groups(len(next))
	if n > 0 {
		takeAVX2(&next[0], &row[0], n)
	}
	return n
}

func showFast(dst, alpha []uint8, row []uint64) int {
	n := groups(len(row))
	if n > 0 {
		showAVX2(&dst[0], &alpha[0], &row[0], n)
	}
	return n
}

// groups returns how many of n pixels are in groups of eight.
func groups(n int) int {
	if !fast || n < 0 {
		return 0
	}
	return n &^ 7
}
