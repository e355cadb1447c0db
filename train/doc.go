// Package train trains style transfer networks: the loop of the tutorial, made to
// survive interruptions.
//
// A Trainer brings together a network or any other Model, VGG-19, a style picture and
// a dataset:
//
//	net := nn.NewTransformerNet(be, [3]int{8, 16, 32}, 5, seed)
//	features, err := vgg.LoadFile(be, "vgg19.safetensors", vgg.Relu54)
//	trainer, err := train.New(be, net, features, style, pictures, train.Default())
//	err = trainer.Train(ctx)
//
// # Objectives
//
// What is minimized is a sum of terms, which objectives give. New makes the tutorial's
// (Perceptual): a step stylizes a batch x to y and compares features of both (Johnson
// et al., arXiv:1603.08155). The content loss is the mean squared difference of relu2_2
// of x and y, the style loss the sum over the style layers of that between the Gram
// matrices of y and those of the style picture. Both are weighted. x is followed
// through VGG only as far as relu2_2, and the style's Gram matrices are computed once.
//
// Config.Objectives adds others: TotalVariation, or any type with the methods of
// Objective, which may run the model again (Pass.Model) and draw random numbers that a
// resumed run draws again (Pass.Rand). NewTrainer does without VGG-19. Terms appear
// under their names in the log, the file of losses, events and states.
//
// The learning rate may follow a Schedule, weights may decay, and the gradients' norm
// may be limited; all of that happens on the backend, without waiting for it.
//
// # Interruptions
//
// With a checkpoint folder, every CheckpointInterval batches and when the context
// is canceled the whole state of the run is saved, atomically and with checksums
// (package checkpoint). A run that is stopped anywhere and resumed from there
// gives the same weights and losses, bit for bit, as one that is not, on the same
// kind of processor.
//
// A loss or gradient that is not finite never reaches the weights, even where it is
// noticed later because the backend queues operations (backend.Queuer): the run ends
// with a *NonFiniteError that names the step and its pictures or, with
// OnNonFinite Rollback, goes back to the last saved state at half the learning
// rate.
//
// # Several processes
//
// With a Config.Group, several Trainers, each in a process of its own, train one network
// on parts of every batch. Gradients are averaged in buckets while others are still
// computed, before the guard, clipping and Adam, so that all take the same step or
// none; package ranks has the groups, package mpi that of many machines. The order of
// the pictures is that of one process, so that a run may go on with another number of
// them.
package train
