/// Random stacks of layers ([RandomStack]) and models of what applying them gives: [FlatModel], the rules of the OCI
/// image specification on one tree in memory, with the manners of other unpackers as named exceptions ([Manner]), and
/// [UpperModel], which is how containerd fills upper directories of overlayfs. Nothing here shares code with what is
/// tested, nor touches a file.
@org.jspecify.annotations.NullMarked
package io.slipway.snapshotter.testkit;
