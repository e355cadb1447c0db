// Package plain holds the kernels of package f32 in portable Go: their definitions,
// which the assembly is tested against, and their forms where there is none. The
// conventions are those of f32, which checks the arguments; its functions of the
// same names say what each does.
package plain

// Lanes is the number of channels that blocked data keeps together.
const Lanes = 16

// keep returns d if add is set and 0 otherwise.
func keep(d float32, add bool) float32 {
	if add {
		return d
	}
	return 0
}
