package io.slipway.daemon.cli;

/// What `commit` was asked.
///
/// @param image full name of the image to make
/// @param pause whether a running container is paused while it is read
/// @param author may be empty
/// @param message may be empty
record CommitOptions(String container, String image, LayerForm form, boolean pause, String author, String message) {}
