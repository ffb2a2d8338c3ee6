/// What the operator says: flags over environment over file over defaults, each key described once in
/// [io.slipway.daemon.config.Key], checked once in the records below [io.slipway.daemon.config.Config].
///
/// The file is Slipway's own (version 3) or a containerd `config.toml` (version 2 or 3), of which the keys
/// that mean the same here are honoured, the rest listed in one warning, and what would be dangerous to
/// ignore refused.
@NullMarked
package io.slipway.daemon.config;

import org.jspecify.annotations.NullMarked;
