package io.slipway.snapshotter.tree;

import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.LinuxException;
import io.slipway.linux.MountedOn;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.MountedSnapshot;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.layer.DirectorySink;
import io.slipway.snapshotter.layer.LargeFiles;
import io.slipway.snapshotter.layer.LayerSink;
import io.slipway.snapshotter.layer.NoteBudget;
import io.slipway.snapshotter.layer.OverlayForm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The directory in which a driver keeps its snapshots: `<number>` is published, `new-<random>` staged,
/// `rm-<random>` being removed. Thread-safe.
public final class SnapshotDirs implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotDirs.class);

    /// Only root may look: layers hold setuid files that must not be reachable from outside a container.
    private static final int PRIVATE_MODE = 0700;

    private final Path path;
    private final Dir dir;
    private final int umask;
    private final OverlayForm form;
    private final LongSupplier random;
    private final Remover remover;
    private final LargeFiles largeFiles = new LargeFiles();
    /// Staged, or on their way out: cleanup leaves them to whoever is at it. Each with the number of failed syncs at
    /// its beginning.
    private final Map<String, Integer> busy = new HashMap<>();

    private int failedSyncs;

    /// Takes one tree away for good, whatever it holds; one that is not there is fine.
    @FunctionalInterface
    public interface Remover {
        void remove(Dir parent, byte[] name) throws IOException;
    }

    private SnapshotDirs(Path path, Dir dir, int umask, OverlayForm form, LongSupplier random, Remover remover) {
        this.path = path;
        this.dir = dir;
        this.umask = umask;
        this.form = form;
        this.random = random;
        this.remover = remover;
    }

    /// Opens `path`, making what is missing.
    public static SnapshotDirs open(Path path, LongSupplier random, Remover remover) throws IOException {
        Files.createDirectories(path);
        Dir dir = Dir.openRoot(path);
        try {
            dir.chmod(ascii("."), PRIVATE_MODE);
            return new SnapshotDirs(path, dir, umask(dir), OverlayForm.ofProcess(), random, remover);
        } catch (IOException e) {
            dir.close();
            throw e;
        }
    }

    /// What the kernel takes away from the modes of new files, seen by making one.
    private static int umask(Dir dir) throws IOException {
        byte[] probe = ascii("new-umask");
        dir.removeTree(probe);
        dir.mkdir(probe, 0777);
        try {
            return ~dir.stat(probe).mode() & 0777;
        } finally {
            dir.rmdir(probe);
        }
    }

    public Path path() {
        return path;
    }

    public Dir dir() {
        return dir;
    }

    /// Of this process.
    public int umask() {
        return umask;
    }

    /// In which layers are written here.
    public OverlayForm form() {
        return form;
    }

    /// The tree of a published snapshot, or `below` it.
    public Dir published(long number, String below) throws IOException {
        return dir.openDir(ascii(number + below));
    }

    /// Writes a layer into a tree.
    ///
    /// @param tree closed with the sink
    /// @param budget see [SnapshotDriver.Staged#sink]
    public LayerSink sink(Dir tree, LayerQuota quota, NoteBudget budget) {
        return new DirectorySink(tree, form, umask, quota, budget, largeFiles);
    }

    /// A name that nothing has, kept by [#cleanup] until it is published or discarded.
    public byte[] stage() {
        return fresh("new-");
    }

    /// As [#stage], for what is made of something staged: as old as that.
    public byte[] stageFrom(byte[] staged) {
        byte[] name = stage();
        synchronized (busy) {
            busy.put(text(name), busy.getOrDefault(text(staged), failedSyncs));
        }
        return name;
    }

    private byte[] fresh(String prefix) {
        String name = prefix + Long.toHexString(random.getAsLong());
        synchronized (busy) {
            busy.put(name, failedSyncs);
        }
        return ascii(name);
    }

    /// Gives what is staged its number, on disk on return.
    public void publish(byte[] name, long number) throws IOException {
        synchronized (busy) {
            if (busy.getOrDefault(text(name), failedSyncs) != failedSyncs) {
                throw new IOException("the disk failed to take what was written while " + path + "/" + text(name)
                        + " was made; look at the kernel's log, then try again");
            }
        }
        byte[] own = ascii(Long.toString(number));
        if (dir.find(own).isPresent()) {
            // Its record was undone, and with it the number went back; nobody knows this directory.
            byte[] away = fresh("rm-");
            dir.rename(own, dir, away);
            release(away);
        }
        dir.renameNew(name, dir, own);
        dir.sync();
        release(name);
    }

    /// Fails with ENOENT unless the directory is there.
    public void require(long number, String below) throws IOException {
        published(number, below).close();
    }

    /// Everything written so far to disk; see [SnapshotDriver#sync].
    public void sync() throws IOException {
        try {
            dir.syncFileSystem();
        } catch (IOException e) {
            synchronized (busy) {
                failedSyncs++;
            }
            throw e;
        }
    }

    /// Removes what is staged; what can't be removed now is cleanup's.
    public void discard(byte[] name) {
        try {
            remover.remove(dir, name);
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("directory", path)
                    .setCause(e)
                    .log("A staged snapshot was not removed; cleanup will");
        }
        release(name);
    }

    private void release(byte[] name) {
        synchronized (busy) {
            busy.remove(text(name));
        }
    }

    /// See [SnapshotDriver#directories].
    public Set<Long> numbers() throws IOException {
        Set<Long> numbers = new HashSet<>();
        dir.forEach(entry -> {
            String name = text(entry.name());
            if (name.matches("[0-9]{1,18}")) {
                numbers.add(Long.parseLong(name));
            }
        });
        return numbers;
    }

    /// See [SnapshotDriver#mounted].
    ///
    /// @param below what of a numbered directory is mounted: empty for itself, `/fs` for that in it
    public List<MountedSnapshot> mounted(String below) throws IOException {
        return new MountedDirs(path, below).of(MountedOn.all());
    }

    /// See [SnapshotDriver#cleanup].
    public SnapshotDriver.Removal cleanup(Set<Long> live) throws IOException {
        List<byte[]> doomed = new ArrayList<>();
        dir.forEach(entry -> {
            if (!keep(text(entry.name()), live)) {
                doomed.add(entry.name());
            }
        });
        List<byte[]> moved = new ArrayList<>();
        try {
            for (byte[] name : doomed) {
                byte[] away = fresh("rm-");
                moved.add(away);
                moveAway(name, away);
            }
        } catch (IOException e) {
            moved.forEach(this::release);
            throw e;
        }
        return () -> remove(moved);
    }

    /// Whoever was at it may have removed it since it was seen.
    private void moveAway(byte[] name, byte[] away) throws IOException {
        try {
            dir.rename(name, dir, away);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    /// What can't be removed now, the next cleanup tries again.
    private int remove(List<byte[]> names) throws IOException {
        try {
            for (byte[] name : names) {
                remover.remove(dir, name);
            }
            return names.size();
        } finally {
            names.forEach(this::release);
        }
    }

    private boolean keep(String name, Set<Long> live) {
        synchronized (busy) {
            if (busy.containsKey(name)) {
                return true;
            }
        }
        try {
            return live.contains(Long.parseLong(name));
        } catch (NumberFormatException _) {
            return false;
        }
    }

    @Override
    public void close() {
        largeFiles.close();
        dir.close();
    }

    private static String text(byte[] name) {
        return new String(name, StandardCharsets.ISO_8859_1);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
