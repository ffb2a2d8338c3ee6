package io.slipway.puller.grpc;

import io.slipway.api.types.transfer.Progress;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.grpc.Anys;
import io.slipway.puller.ProgressAnnotations;
import io.slipway.puller.PullListener;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// Turns a pull's events into containerd's progress messages, with the texts that its clients match. Called by one
/// thread at a time, as listeners are.
final class ProgressLines implements PullListener {
    private final Streams.Stream stream;
    /// The last event told about each blob.
    private final Map<Digest, State> told = new HashMap<>();

    private boolean gone;

    ProgressLines(Streams.Stream stream) {
        this.stream = stream;
    }

    @Override
    public void on(Event event) {
        switch (event) {
            case Event.Resolving(var reference) ->
                send(Progress.newBuilder().setEvent("Resolving from OCI Registry (" + reference + ")"));
            case Event.Resolved resolved -> {
                send(Progress.newBuilder().setEvent("Pulling from OCI Registry (" + resolved.reference() + ")"));
                send(Progress.newBuilder()
                        .setEvent("fetching image content")
                        .setName(resolved.reference().name())
                        .setDesc(wire(resolved.target())));
            }
            case Event.Progress(Item item) -> item(item);
            case Event.Saved(String name, Descriptor target) ->
                send(Progress.newBuilder().setEvent("saved").setName(name).setDesc(wire(target)));
            case Event.Completed(var reference) ->
                send(Progress.newBuilder().setEvent("Completed pull from OCI Registry (" + reference + ")"));
        }
    }

    private void item(Item item) {
        State before = told.put(item.descriptor().digest(), item.state());
        switch (item.state()) {
            case QUEUED -> send(line(item, "waiting", item.bytes()));
            case FETCHING, VERIFYING -> send(line(item, "downloading", item.bytes()));
            case EXISTS -> send(line(item, "already exists", item.descriptor().size()));
            case UNPACKING -> {
                if (before != State.UNPACKING && before != State.EXISTS) {
                    send(line(item, "complete", item.descriptor().size()));
                }
                send(line(item, "extracting", item.bytes()));
            }
            case DONE -> {
                boolean unpacked = before == State.UNPACKING;
                send(line(
                        item,
                        unpacked ? "extracted" : "complete",
                        item.descriptor().size()));
            }
        }
    }

    private static Progress.Builder line(Item item, String event, long bytes) {
        Progress.Builder line = Progress.newBuilder()
                .setEvent(event)
                .setName(key(item))
                .setProgress(bytes)
                .setTotal(item.total().orElse(0))
                .setDesc(annotated(item));
        item.parents().forEach(parent -> line.addParents(parentKey(parent)));
        return line;
    }

    /// The ref under which containerd fetches such a blob.
    private static String key(Item item) {
        String kind = item.kind() == Kind.OTHER ? "unknown" : item.kind().name().toLowerCase(Locale.ROOT);
        return kind + "-" + item.descriptor().digest();
    }

    private static String parentKey(Digest parent) {
        return "manifest-" + parent;
    }

    private static io.slipway.api.types.Descriptor.Builder annotated(Item item) {
        var descriptor = wire(item.descriptor())
                .putAnnotations(ProgressAnnotations.STATE, item.state().name().toLowerCase(Locale.ROOT));
        if (!item.host().isEmpty()) {
            descriptor.putAnnotations(ProgressAnnotations.HOST, item.host());
        }
        if (!item.waitingFor().isEmpty()) {
            descriptor.putAnnotations(ProgressAnnotations.WAITING_FOR, item.waitingFor());
        }
        return descriptor;
    }

    private static io.slipway.api.types.Descriptor.Builder wire(Descriptor descriptor) {
        return io.slipway.api.types.Descriptor.newBuilder()
                .setMediaType(descriptor.mediaType())
                .setDigest(descriptor.digest().toString())
                .setSize(descriptor.size())
                .putAllAnnotations(descriptor.annotations());
    }

    private void send(Progress.Builder line) {
        if (gone) {
            return;
        }
        try {
            gone = !stream.send(Anys.pack(line.build()));
        } catch (InterruptedException e) {
            // The pull is being cancelled; its own next wait will notice.
            gone = true;
            Thread.currentThread().interrupt();
        }
    }
}
