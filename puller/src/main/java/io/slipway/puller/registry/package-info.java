/// Talking to one registry endpoint: authentication, redirects, retries, and what its statuses mean.
///
/// Credentials and tokens go to the origin (scheme, host, port) they belong to and nowhere else: not across a
/// redirect, not to another port, and to a token realm only under [RealmRule].
@NullMarked
package io.slipway.puller.registry;

import org.jspecify.annotations.NullMarked;
