// Package flicker measures how still a style transfer network's results are when
// its input moves: the numbers that tell whether a style shimmers in a game.
//
//	report, err := flicker.Measure(ctx, network, pictures, flicker.Options{})
//	fmt.Println(report.NoiseGain1, report.ShiftError(), report.WarpError(), report.Detail)
//
// All is measured on the network's output clamped to 0..255, in levels of 255, as
// the mean of absolute differences over pixels and colors:
//
//   - Noise gain: what Gaussian noise of 1 and of 4 levels in the input makes of the
//     output, divided by the noise itself. 1 would be a network that hands noise on.
//   - Shift error: the picture is moved by 1 to 8 pixels, along rows and along
//     columns, and the result moved back. Networks that halve the size twice have a
//     lattice of 4 pixels, to which their strokes cling.
//   - Warping error: a camera moves over the picture (pan, zoom, rotation, and two
//     layers at different speeds), rendered by supersampling. The result for one
//     frame, carried along the exact flow, is compared with the next frame's where
//     nothing was hidden (Lai et al., Learning Blind Video Temporal Consistency,
//     arXiv:1808.00449). The same figure for the frames themselves, WarpInput, is the
//     part of it that lies in the resampling.
//   - Detail: the mean absolute Laplacian of the output. A network that blurs is
//     still as well; this shows it.
//
// Clip measures a network on the frames of a film, along motion that is estimated
// from them. Look measures the same on a part of one picture, in an instant.
package flicker
