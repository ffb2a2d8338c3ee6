package io.slipway.daemon.cli;

import io.slipway.linux.Os;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/// The named pipes between one container and this process: `stdin`, `stdout` and `stderr` in a directory of the
/// container's own, 0700, beside the daemon's socket. The shim opens the other ends; the daemon only passes the paths
/// on, so output goes on while it is away.
///
/// The reading ends are opened on threads of their own, because opening a FIFO blocks until the shim has opened its
/// end; the shim's open waits for us in the same way (shim v2, stdio). A reader sees the end once the shim has copied
/// everything and closed.
final class ContainerFifos {
    private static final String DIRECTORY = "cli";
    private static final List<String> NAMES = List.of("stdin", "stdout", "stderr");
    private static final int MODE = 0700;
    private static final int BUFFER_BYTES = 64 * 1024;

    private final Path directory;
    private final List<Reading> readings;

    private ContainerFifos(Path directory, List<Reading> readings) {
        this.directory = directory;
        this.readings = readings;
    }

    private record Reading(Path fifo, Thread thread, CountDownLatch opened) {}

    /// Makes the pipes of a container.
    static ContainerFifos create(Globals globals, String id) throws IOException {
        Path directory = directory(globals, id);
        Path all = directory.getParent();
        if (all == null) {
            throw new IOException("no directory for FIFOs");
        }
        var onlyOwner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        if (!Files.isDirectory(all)) {
            Files.createDirectories(all, onlyOwner);
        }
        // Left over by a run that was killed; the id is free, or the container could not have been created.
        remove(globals, id);
        Files.createDirectory(directory, onlyOwner);
        for (String name : NAMES) {
            Os.mkfifo(directory.resolve(name), MODE);
        }
        return new ContainerFifos(directory, new ArrayList<>());
    }

    private static Path directory(Globals globals, String id) {
        // `@` is in no identifier: each pair of names gets a directory of its own.
        return globals.socketDirectory().resolve(DIRECTORY).resolve(globals.namespace() + "@" + id);
    }

    /// Removes the pipes of a container, if there are any.
    static void remove(Globals globals, String id) throws IOException {
        Path directory = directory(globals, id);
        for (String name : NAMES) {
            Files.deleteIfExists(directory.resolve(name));
        }
        Files.deleteIfExists(directory);
    }

    String path(String name) {
        return directory.resolve(name).toString();
    }

    /// Copies one of the outputs to `out` from now on.
    ///
    /// @param unwanted called once when whoever read `out` has gone, as `head` does; what comes then is dropped
    void copy(String name, PrintStream out, Runnable unwanted) {
        Path fifo = directory.resolve(name);
        CountDownLatch opened = new CountDownLatch(1);
        Thread thread = Thread.ofPlatform().daemon().name(name).start(() -> copyAll(fifo, out, unwanted, opened));
        readings.add(new Reading(fifo, thread, opened));
    }

    private static void copyAll(Path fifo, PrintStream out, Runnable unwanted, CountDownLatch opened) {
        try (InputStream in = new FileInputStream(fifo.toFile())) {
            opened.countDown();
            byte[] buffer = new byte[BUFFER_BYTES];
            boolean wanted = true;
            int read = in.read(buffer);
            while (read >= 0) {
                if (wanted) {
                    out.write(buffer, 0, read);
                    // Flushes, too; a print stream does not throw.
                    wanted = !out.checkError();
                    if (!wanted) {
                        unwanted.run();
                    }
                }
                read = in.read(buffer);
            }
        } catch (IOException _) {
            // The pipe was taken away; the run is over or failed, and says so itself.
        } finally {
            opened.countDown();
        }
    }

    /// Opens the writing end of `stdin`. The shim holds its end open from the creation of the task on, so this does not
    /// wait.
    OutputStream stdin() throws IOException {
        return new FileOutputStream(directory.resolve("stdin").toFile());
    }

    /// Waits until everything that was written to the outputs is copied.
    ///
    /// @return false when that took longer than `limit`
    boolean awaitEnd(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        boolean all = true;
        for (Reading reading : readings) {
            Duration rest = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
            all &= reading.thread().join(rest);
        }
        return all;
    }

    /// Frees readers whose pipe nobody will open any more, and removes the pipes.
    void abandon(Globals globals, String id) throws IOException, InterruptedException {
        for (Reading reading : readings) {
            if (!Files.exists(reading.fifo())) {
                continue;
            }
            // Opening for both directions does not block (fifo(7)). While this end is open, opening for reading does
            // not either; once it is closed, reading ends.
            try (RandomAccessFile _ = new RandomAccessFile(reading.fifo().toFile(), "rw")) {
                reading.opened().await();
            }
        }
        remove(globals, id);
    }
}
