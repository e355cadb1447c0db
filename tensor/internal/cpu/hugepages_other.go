//go:build !linux

package cpu

// adviseHugePages does nothing: only Linux takes the advice.
func adviseHugePages([]float32) {}
