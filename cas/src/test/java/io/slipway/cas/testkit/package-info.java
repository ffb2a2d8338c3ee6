/// Contract suites and fakes of the store.
@NullMarked
package io.slipway.cas.testkit;

import org.jspecify.annotations.NullMarked;
