// Package movie reads and writes videos with the programs ffmpeg and ffprobe,
// version 5.1 or later.
//
// A Reader yields each picture of a video once, upright, progressive, in 8-bit RGBA
// of BT.709, with its own time; a Writer takes pictures with their times. Finish
// then adds the sound and what else the source holds.
package movie

import (
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
)

// Extensions are the endings of the files that a Writer makes.
var Extensions = []string{".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif"}

// Is reports whether a file of this name is to be a video.
func Is(path string) bool { return slices.Contains(Extensions, ending(path)) }

func ending(path string) string { return strings.ToLower(filepath.Ext(path)) }

// Pixels is how a Writer stores colors.
type Pixels int

const (
	// Common is 4:2:0 in 8 bits, which every player shows.
	Common Pixels = iota
	// Deep is 4:2:0 in 10 bits: fewer bands in gradients.
	Deep
	// Full is 4:4:4 in 8 bits: colors at full resolution, any size.
	Full
	// High is 4:2:0 in 10 bits in the high dynamic range that the source has, PQ or HLG
	// and BT.2020, with white at 203 nits (ITU-R BT.2408).
	High
)

// fraction is a rational number from a text like 30000/1001, or nil.
func fraction(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(strings.Replace(s, ":", "/", 1))
	if !ok || r.Sign() <= 0 || !r.Num().IsInt64() || !r.Denom().IsInt64() {
		return nil
	}
	return r
}

// ratio writes r as ffmpeg's options want it.
func ratio(r *big.Rat) string { return fmt.Sprintf("%d:%d", r.Num(), r.Denom()) }
