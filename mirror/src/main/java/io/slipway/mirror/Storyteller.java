package io.slipway.mirror;

import io.slipway.cas.ApiException;
import io.slipway.mirror.MirrorMetrics.Kind;
import io.slipway.mirror.Outcome.Refusal;
import io.slipway.puller.Access;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes a request whose path and route are known and finds out what becomes of it. Blocking, on the request's
/// virtual thread.
final class Storyteller {

    private static final Logger LOG = LoggerFactory.getLogger(Storyteller.class);

    private final UpstreamRule rule;
    private final ManifestStory manifests;
    private final BlobStory blobs;

    Storyteller(UpstreamRule rule, ManifestStory manifests, BlobStory blobs) {
        this.rule = rule;
        this.manifests = manifests;
        this.blobs = blobs;
    }

    Outcome tell(Target target, Route.Upstream at) throws InterruptedException {
        return switch (rule.reach(at.host())) {
            case ANYWHERE -> tell(target, at, Access.anonymous());
            case PUBLIC_ADDRESSES -> tell(target, at, Access.anonymousPublic());
            case NOWHERE -> new Refusal.HostDenied(at.host());
        };
    }

    private Outcome tell(Target target, Route.Upstream at, Access access) throws InterruptedException {
        try {
            return switch (target) {
                case Target.Manifest(var _, String reference) -> manifests.tell(at, reference, access);
                case Target.Blob(var _, String digest) -> blobs.tell(at, digest, access);
                case Target.Tags _ ->
                    new Refusal.Absent(Kind.TAGS, "this mirror does not list tags of upstreams; ask " + at.host());
                case Target.Referrers(var _, String digest) ->
                    Digests.read(digest).isEmpty()
                            ? new Refusal.BadDigest(digest)
                            : new Refusal.Absent(
                                    Kind.REFERRERS,
                                    "this mirror does not list referrers of upstreams; ask " + at.host());
                case Target.Base(), Target.Catalog(), Target.Unknown(), Target.Upload _ -> new Refusal.NoSuchPath();
            };
        } catch (IOException | ApiException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException("the client left");
            }
            LOG.atError()
                    .addKeyValue("host", at.host())
                    .addKeyValue("repository", at.repository())
                    .setCause(e)
                    .log("the store failed under a request of the mirror");
            return new Refusal.StoreFailed("the mirror's own store failed: " + e.getMessage());
        }
    }
}
