// Package train trains style transfer networks: the loop of the tutorial, made to
// survive interruptions.
//
// A Trainer brings together a network, VGG-19, a style picture and a dataset:
//
//	net := nn.NewTransformerNet(be, [3]int{8, 16, 32}, 5, seed)
//	features, err := vgg.LoadFile(be, "vgg19.safetensors", vgg.Relu54)
//	trainer, err := train.New(be, net, features, style, pictures, train.Default())
//	err = trainer.Train(ctx)
//
// # Losses
//
// A step stylises a batch x to y and compares features of both (Johnson et al.,
// arXiv:1603.08155): the content loss is the mean squared difference of relu2_2 of
// x and y, the style loss the sum over the style layers of that between the Gram
// matrices of y and those of the style picture. Both are weighted. x is followed
// through VGG only as far as relu2_2, and the style's Gram matrices are computed
// once.
//
// # Interruptions
//
// With a checkpoint folder, every CheckpointInterval batches and when the context
// is cancelled the whole state of the run is saved, atomically and with checksums
// (package checkpoint). A run that is stopped anywhere and resumed from there
// gives the same weights and losses, bit for bit, as one that is not, on the same
// kind of processor.
//
// A loss or gradient that is not finite never reaches the weights, even where it is
// noticed later because the backend queues operations (backend.Queuer): the run ends
// with a *NonFiniteError that names the step and its pictures or, with
// OnNonFinite Rollback, goes back to the last saved state at half the learning
// rate.
package train
