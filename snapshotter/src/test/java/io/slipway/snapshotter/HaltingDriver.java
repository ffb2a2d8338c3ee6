package io.slipway.snapshotter;

import io.slipway.linux.IdMapping;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.layer.LayerNotes;
import io.slipway.snapshotter.layer.LayerSink;
import io.slipway.snapshotter.layer.NoteBudget;
import io.slipway.snapshotter.tar.TarEntry;
import io.slipway.snapshotter.tar.TarReader;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// A driver that says each step, before it is taken and after.
record HaltingDriver(SnapshotDriver driver, Consumer<String> steps) implements SnapshotDriver {
    @Override
    public String name() {
        return driver.name();
    }

    @Override
    public Set<Capability> capabilities() {
        return driver.capabilities();
    }

    @Override
    public Staged stage(SnapshotKind kind, List<Long> parents, IdMapping ids) throws IOException {
        steps.accept("stage " + kind);
        Staged staged = driver.stage(kind, parents, ids);
        steps.accept("staged " + kind);
        return new HaltingStaged(staged, steps);
    }

    private record HaltingStaged(Staged staged, Consumer<String> steps) implements Staged {
        @Override
        public LayerSink sink(LayerQuota quota, NoteBudget budget) throws IOException {
            return new HaltingSink(staged.sink(quota, budget), steps);
        }

        @Override
        public void link(LayerNotes notes, List<Long> parents) throws IOException, InterruptedException {
            steps.accept("link");
            staged.link(notes, parents);
            steps.accept("linked");
        }

        @Override
        public void publish(long directory) throws IOException {
            steps.accept("publish");
            staged.publish(directory);
            steps.accept("published, not recorded");
        }

        @Override
        public void close() {
            steps.accept("close staged");
            staged.close();
        }
    }

    private static final class HaltingSink implements LayerSink {
        private final LayerSink sink;
        private final Consumer<String> steps;
        private boolean begun;

        HaltingSink(LayerSink sink, Consumer<String> steps) {
            this.sink = sink;
            this.steps = steps;
        }

        @Override
        public void entry(TarEntry entry, TarReader data) throws IOException, InterruptedException {
            sink.entry(entry, data);
            if (!begun) {
                begun = true;
                steps.accept("first entry");
            }
        }

        @Override
        public LayerNotes finish() throws IOException, InterruptedException {
            LayerNotes notes = sink.finish();
            steps.accept("applied");
            return notes;
        }

        @Override
        public void close() {
            sink.close();
        }
    }

    @Override
    public List<Mount> mounts(SnapshotKind kind, long directory, List<Long> parents, IdMapping ids) throws IOException {
        return driver.mounts(kind, directory, parents, ids);
    }

    @Override
    public SnapshotUsage usage(long directory, List<Long> parents) throws IOException {
        steps.accept("count");
        return driver.usage(directory, parents);
    }

    @Override
    public void seal(long directory) throws IOException {
        steps.accept("seal");
        driver.seal(directory);
        steps.accept("sealed");
    }

    @Override
    public Set<Long> directories() throws IOException {
        return driver.directories();
    }

    @Override
    public List<MountedSnapshot> mounted() throws IOException {
        return driver.mounted();
    }

    @Override
    public Removal cleanup(Set<Long> live) throws IOException {
        steps.accept("clean up");
        Removal removal = driver.cleanup(live);
        steps.accept("put away");
        return () -> {
            int removed = removal.run();
            steps.accept("removed");
            return removed;
        };
    }

    @Override
    public void sync() throws IOException {
        steps.accept("sync");
        driver.sync();
        steps.accept("synced");
    }

    @Override
    public void close() {
        driver.close();
    }
}
