// Package stylize runs trained style transfer networks on pictures and frames.
//
// A Model holds the frozen weights of a network; a Session runs it, with memory
// and threads of its own:
//
//	model, err := stylize.Load("final.pth")
//	session := model.NewSession()
//	defer session.Close()
//	styled, err := session.Image(picture)
//
// # Sizes
//
// Any width and height of at least one pixel go in, and the same size comes out.
// What the network needs beyond that (multiples of 4, at least 8) is mirrored
// at the right and lower edge before, and cropped after; a picture whose sides
// are multiples of 4 goes through as it is. The tutorial's content_scale is
// imageio.Scale before Image.
//
// # Large pictures
//
// A picture whose activations exceed the session's memory budget (see Memory) is
// processed in overlapping tiles. Naive tiles show seams, as every tile is
// normalized by its own mean and variance. Here the instance normalizations use
// the statistics of the whole picture, which are gathered layer by layer, one
// pass over all tiles for each. The result equals that of the picture in one
// piece but for rounding. If the budget allows, the residual blocks' activations,
// which are small, are kept between passes, and the whole costs about twice the
// time; otherwise every pass starts from the picture, for about eight times. With
// filters 8, 16, 32 a picture of 24 megapixels takes 1.0 GB in all, about 42 MB for
// each megapixel, and 0.7 seconds of one core of an AVX-512 server.
//
// # Frames
//
// StylizeRGBA is for frame loops: it works on the bytes of an RGBA texture and
// allocates nothing once it has seen the size. Latest runs a session beside a
// game loop that must not wait. Spread does a frame in portions of equal time, one in
// each of several frames, and Loop keeps the style still along the game's motion
// vectors, with the network in every frame, in every n-th, or spread over n.
//
// # Transparency
//
// Alpha is kept. Pixels that are wholly transparent take the colors of their
// surroundings before the network sees them, so that whatever color the file
// hides there leaves no fringe.
package stylize
