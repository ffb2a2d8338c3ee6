/// Where a registry's endpoints are: hosts directories, `hosts.toml`, Docker-style certificate files, defaults.
///
/// Follows containerd 2.3's reading (specs: hosts-toml), except that several directories are always split at `:` and
/// that a host listed twice is tried once.
@NullMarked
package io.slipway.puller.hosts;

import org.jspecify.annotations.NullMarked;
