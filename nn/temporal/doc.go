// Package temporal keeps styled frames still in a game's frame loop: the styled
// picture of the last frame is carried along the engine's motion vectors and mixed
// with the new one, or shown alone, so that a network need not run in every frame.
//
//	layer := temporal.New(width, height, temporal.Options{Keep: 0.8, DepthTolerance: 0.1})
//	defer layer.Close()
//	// In every frame, or in every fourth only:
//	session.StylizeRGBA(pixels, pixels, width, height, 4*width)
//	layer.Add(pixels, pixels, 4*width, temporal.Frame{Motion: motion, Depth: depth})
//	// In the frames between:
//	layer.Move(pixels, 4*width, temporal.Frame{Motion: motion, Depth: depth})
//
// A network that a single frame has no time for is spread over several: Mark says in
// which frame its picture was begun, AddMarked where it is now that it has come. Loop
// of nn/stylize, on the CPU, and of gpu/glstyle, on textures, do all of this:
//
//	loop, err := session.NewLoop(width, height, temporal.LoopOptions{
//		Options: temporal.Options{Keep: 0.8}, Every: 4, Spread: true,
//	})
//	// In every frame:
//	err = loop.Frame(pixels, 4*width, temporal.Frame{Motion: motion, Depth: depth})
//
// # Motion vectors
//
// A motion vector (dx, dy) at column x and row y says that what the frame shows there
// was at (x - dx, y - dy) in the frame before. Columns count to the right, rows
// downward. Frame.ScaleX and ScaleY bring an engine's vectors into this form:
//
//	Unity (URP, HDRP), origin at the top    UV, current - last: width, height
//	Unity, OpenGL, origin at the bottom     UV, current - last: width, -height
//	Godot 4                                 UV, last - current: -width, -height
//	Unreal, after decoding                  NDC, current - last: width/2, -height/2
//
// # What is not carried over
//
// What lay outside of the last frame or was hidden in it has no past there. It is
// recognized by its depth, which differs from that of what was in its place, and
// takes the new picture. What is carried over is clamped to the colors that the new
// picture has around (the neighborhood clamping of temporal antialiasing; Karis, High
// Quality Temporal Supersampling, SIGGRAPH 2014), so that nothing trails.
//
// A picture that is moved over several frames is sampled once, at positions that are
// carried along, and does not blur.
//
// # Speed
//
// On one thread of a Zen 4 EPYC, with AVX2, moving a picture of 640x360 pixels takes about
// 1.0 ms and mixing it 1.3 ms; in portable Go 3 and 5 ms. The tutorial's network takes 20 ms
// for such a picture, so that in every 4th frame it makes 3.3 times as many frames. The
// results are the same to the bit.
package temporal
