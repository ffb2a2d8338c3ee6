/// Containers, tasks, shims and events of the node.
///
/// A *container* is a record (what to run), a *task* is the running of it by a shim (an external program that
/// outlives
/// this process), an *event* tells that either changed. [Runtime] is the way in.
@NullMarked
package io.slipway.runtime;

import org.jspecify.annotations.NullMarked;
