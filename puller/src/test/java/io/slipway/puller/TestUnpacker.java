package io.slipway.puller;

import io.slipway.cas.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// Reads layers to their end, in order, and keeps their contents' sizes.
final class TestUnpacker implements Unpacker {
    final List<Digest> chains = new CopyOnWriteArrayList<>();
    final AtomicInteger started = new AtomicInteger();
    final AtomicInteger cancelled = new AtomicInteger();

    @Override
    public Unpacking unpack(
            String namespace, String snapshotter, List<Layer> layers, UnpackListener listener, Optional<String> lease) {
        started.incrementAndGet();
        CompletableFuture<Digest> end = new CompletableFuture<>();
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                List<Digest> ids = new ArrayList<>();
                for (Layer layer : layers) {
                    try (var arrival = layer.arrival()) {
                        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
                        long at = 0;
                        for (int n = arrival.read(at, buffer); n >= 0; n = arrival.read(at, buffer)) {
                            at += n;
                            buffer.clear();
                            listener.progress(layer.descriptor().digest(), at);
                        }
                        arrival.awaitVerified();
                    }
                    listener.finished(layer.descriptor().digest());
                    ids.add(layer.diffId());
                }
                chains.add(ids.getLast());
                end.complete(ids.getLast());
            } catch (IOException | InterruptedException | RuntimeException e) {
                layers.forEach(layer -> layer.arrival().close());
                end.completeExceptionally(e);
            }
        });
        AtomicBoolean once = new AtomicBoolean();
        return new Unpacking() {
            @Override
            public Digest await() throws IOException, InterruptedException {
                try {
                    return end.get();
                } catch (ExecutionException e) {
                    throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
                }
            }

            @Override
            public void cancel() {
                if (once.compareAndSet(false, true)) {
                    cancelled.incrementAndGet();
                    reader.interrupt();
                }
            }
        };
    }

    @Override
    public boolean unpacked(String namespace, String snapshotter, List<Digest> diffIds) {
        return !diffIds.isEmpty() && chains.contains(diffIds.getLast());
    }

    @Override
    public String defaultSnapshotter() {
        return "test";
    }

    @Override
    public List<String> snapshotters() {
        return List.of("test");
    }
}
