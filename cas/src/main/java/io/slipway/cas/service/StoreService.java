package io.slipway.cas.service;

import io.slipway.api.slipway.v1.Amount;
import io.slipway.api.slipway.v1.CheckRequest;
import io.slipway.api.slipway.v1.CheckResponse;
import io.slipway.api.slipway.v1.CheckSummary;
import io.slipway.api.slipway.v1.Fetching;
import io.slipway.api.slipway.v1.Finding;
import io.slipway.api.slipway.v1.Keeper;
import io.slipway.api.slipway.v1.NamespaceUsage;
import io.slipway.api.slipway.v1.PartUsage;
import io.slipway.api.slipway.v1.ScrubProgress;
import io.slipway.api.slipway.v1.ScrubRequest;
import io.slipway.api.slipway.v1.ScrubResponse;
import io.slipway.api.slipway.v1.ScrubSummary;
import io.slipway.api.slipway.v1.Source;
import io.slipway.api.slipway.v1.Step;
import io.slipway.api.slipway.v1.StoreGrpcService;
import io.slipway.api.slipway.v1.UsageRequest;
import io.slipway.api.slipway.v1.UsageResponse;
import io.slipway.api.slipway.v1.WhyRequest;
import io.slipway.api.slipway.v1.WhyResponse;
import io.slipway.cas.ApiException;
import io.slipway.cas.Inspection;
import io.slipway.cas.Provenance;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.grpc.Out;
import java.io.IOException;
import java.util.OptionalLong;

/// `slipway.v1.Store`.
final class StoreService {

    /// Of a scope id: enough to tell two apart, and nothing to work back from.
    private static final int SCOPE_CHARS = 8;

    private final Inspection inspection;

    StoreService(Inspection inspection) {
        this.inspection = inspection;
    }

    void bind(GrpcServices server) {
        server.unary(StoreGrpcService.Why, this::why);
        server.unary(StoreGrpcService.Usage, this::usage);
        server.serverStream(StoreGrpcService.Check, this::check);
        server.serverStream(StoreGrpcService.Scrub, this::scrub);
    }

    private WhyResponse why(Call call, WhyRequest request) throws IOException {
        var digest = Wire.digest(request.getDigest());
        var why = inspection
                .why(digest)
                .orElseThrow(() -> ApiException.notFound("the store knows nothing of content digest " + digest));
        var response = WhyResponse.newBuilder()
                .setDigest(digest.toString())
                .setPresence(
                        why.stored()
                                ? WhyResponse.Presence.STORED
                                : why.fetches().isEmpty() ? WhyResponse.Presence.ABSENT : WhyResponse.Presence.ARRIVING)
                .setSize(why.size())
                .addAllNamespaces(why.namespaces())
                .addAllLostBy(why.lostBy())
                .setMoreKeepers(why.moreKeepers())
                .setInUse(why.inUse());
        why.created().ifPresent(at -> response.setCreatedAt(Wire.timestamp(at)));
        why.lastUsed().ifPresent(at -> response.setLastUsedAt(Wire.timestamp(at)));
        why.keepers().forEach(keeper -> response.addKeepers(message(keeper)));
        why.sources().forEach(source -> response.addSources(message(source)));
        why.fetches()
                .forEach(fetch -> response.addFetches(Fetching.newBuilder()
                        .setSource(fetch.source())
                        .setReceived(fetch.landed())
                        .setSize(fetch.size().orElse(0))));
        return response.build();
    }

    private static Keeper message(Inspection.Keeper keeper) {
        var message = Keeper.newBuilder();
        for (var step : keeper.path()) {
            message.addPath(Step.newBuilder()
                    .setNamespace(step.node().namespace())
                    .setType(step.node().type())
                    .setKey(step.node().key())
                    .setBy(step.by()));
        }
        return message.build();
    }

    private static Source message(Provenance source) {
        var access = switch (source.access()) {
            case Provenance.Access.Public() -> "public";
            case Provenance.Access.Scoped(var id) -> "scope " + id.substring(0, Math.min(SCOPE_CHARS, id.length()));
            case Provenance.Access.Unknown() -> "unknown";
        };
        return Source.newBuilder()
                .setHost(source.host())
                .setRepository(source.repository())
                .setAccess(access)
                .build();
    }

    private UsageResponse usage(Call call, UsageRequest request) throws IOException {
        var usage = inspection.usage();
        var response = UsageResponse.newBuilder()
                .setBlobs(message(usage.blobs()))
                .setCache(message(usage.cache()))
                .setIngests(message(usage.ingests()))
                .setQuarantine(message(usage.quarantine()))
                .setCapacity(usage.capacity())
                .setFree(usage.free());
        for (var namespace : usage.namespaces()) {
            response.addNamespaces(NamespaceUsage.newBuilder()
                    .setNamespace(namespace.namespace())
                    .setVisible(message(namespace.visible()))
                    .setOwn(message(namespace.own())));
        }
        for (var part : usage.parts()) {
            response.addParts(PartUsage.newBuilder()
                    .setType(part.type())
                    .setAmount(message(new Inspection.Amount(part.count(), part.bytes())))
                    .setUnmeasured(part.unmeasured()));
        }
        return response.build();
    }

    private static Amount message(Inspection.Amount amount) {
        return Amount.newBuilder()
                .setCount(amount.count())
                .setBytes(amount.bytes())
                .build();
    }

    private void check(Call call, CheckRequest request, Out<CheckResponse> out)
            throws IOException, InterruptedException {
        var checked = inspection.check(
                request.getDeep(),
                request.getRepair(),
                finding -> out.write(
                        CheckResponse.newBuilder().setFinding(message(finding)).build()));
        out.write(CheckResponse.newBuilder()
                .setSummary(CheckSummary.newBuilder()
                        .setBlobs(checked.blobs())
                        .setBytes(checked.bytes())
                        .setFindings(checked.findings())
                        .setRepaired(checked.repaired()))
                .build());
    }

    private void scrub(Call call, ScrubRequest request, Out<ScrubResponse> out)
            throws IOException, InterruptedException {
        if (request.getBytesPerSecond() < 0) {
            throw ApiException.invalid("bytes_per_second must not be negative");
        }
        var rate =
                request.getBytesPerSecond() == 0 ? OptionalLong.empty() : OptionalLong.of(request.getBytesPerSecond());
        var scrubbed = inspection.scrub(rate, new Inspection.ScrubEvents() {
            @Override
            public void progress(Inspection.Amount done, Inspection.Amount all) throws InterruptedException {
                out.write(ScrubResponse.newBuilder()
                        .setProgress(ScrubProgress.newBuilder()
                                .setDone(message(done))
                                .setAll(message(all)))
                        .build());
            }

            @Override
            public void bad(Inspection.Finding bad) throws InterruptedException {
                out.write(ScrubResponse.newBuilder().setFinding(message(bad)).build());
            }
        });
        out.write(ScrubResponse.newBuilder()
                .setSummary(ScrubSummary.newBuilder()
                        .setDone(message(scrubbed.done()))
                        .setBad(scrubbed.bad()))
                .build());
    }

    private static Finding message(Inspection.Finding finding) {
        return Finding.newBuilder()
                .setKind(kind(finding.wrong()))
                .setObject(finding.object())
                .setDetail(finding.detail())
                .setRepaired(finding.repaired())
                .build();
    }

    private static Finding.Kind kind(Inspection.Wrong wrong) {
        return switch (wrong) {
            case MISSING -> Finding.Kind.MISSING;
            case WRONG_SIZE -> Finding.Kind.WRONG_SIZE;
            case CORRUPT -> Finding.Kind.CORRUPT;
            case UNREADABLE -> Finding.Kind.UNREADABLE;
            case UNRECORDED -> Finding.Kind.UNRECORDED;
            case STRAY -> Finding.Kind.STRAY;
            case UNBACKED -> Finding.Kind.UNBACKED;
        };
    }
}
