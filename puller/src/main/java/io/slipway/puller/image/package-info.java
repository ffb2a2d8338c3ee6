/// Pulling a whole image: what a name stands for, which manifests of an index, config and layers, records.
@NullMarked
package io.slipway.puller.image;

import org.jspecify.annotations.NullMarked;
