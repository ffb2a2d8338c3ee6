/// Log lines on stderr: an SLF4J 2 provider of our own, because nothing small writes the key-value pairs of
/// the fluent interface as JSON fields. One line per event, either text or one JSON object, in the order
/// `time`, `level`, `msg`, `error`, then the event's own fields. Level and format change at run time; any
/// thread may log.
@NullMarked
package io.slipway.daemon.log;

import org.jspecify.annotations.NullMarked;
