/// Tasks: the running of containers, from Create to Delete and over restarts of the daemon.
@NullMarked
package io.slipway.runtime.task;

import org.jspecify.annotations.NullMarked;
