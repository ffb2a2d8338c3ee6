/// containerd's services content, images, leases and namespaces over the store: translate, call, answer.
@NullMarked
package io.slipway.cas.service;

import org.jspecify.annotations.NullMarked;
