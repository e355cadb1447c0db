//go:build noasm || !amd64

package rows

func followFast(f *Frame, dst, from []Place, y int) int { return 0 }

func carryFast(dst []uint8, at []Place, base []uint64, width int) int { return 0 }

func mixFast(next []uint64, rows *[3][]uint8, at []Place, base []uint64, share int) int { return 0 }

func takeFast(next []uint64, row []uint8) int { return 0 }

func showFast(dst, alpha []uint8, row []uint64) int { return 0 }
