package io.slipway.runtime.task;

/// The name of a task: that of its container.
record TaskKey(String namespace, String id) {}
