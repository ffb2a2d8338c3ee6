package io.slipway.daemon;

import io.slipway.linux.FileLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Root and state directory, claimed for this process until closed.
///
/// ```
/// <root>/            0711   lock, layout (a number), uuid, tmp/ (0700, emptied at start); the modules' directories
/// <state>/           0711   lock, ready.json, slipway.sock, slipway.sock.ttrpc; the runtime's bundles
/// ```
final class Directories implements AutoCloseable {
    /// Number in `<root>/layout`. A change of what lies in the root that an older daemon would misread
    /// counts it up.
    private static final int LAYOUT = 1;
    /// containerd's metadata: its presence marks a root as containerd's.
    private static final String CONTAINERD_STORE = "io.containerd.metadata.v1.bolt";
    /// containerd's sockets below its state directory.
    private static final List<String> CONTAINERD_SOCKETS = List.of("containerd.sock", "containerd.sock.ttrpc");

    /// The file that marks a root as ours.
    private static final String LAYOUT_FILE = "layout";
    /// What an otherwise empty root may hold: the lock of a start that went no further, and what file systems
    /// put there.
    private static final Set<String> NOT_CONTENT = Set.of("lock", "lost+found");

    private final Path root;
    private final Path state;
    private final Closing locks;

    private Directories(Path root, Path state, Closing locks) {
        this.root = root;
        this.state = state;
        this.locks = locks;
    }

    /// Makes what is missing and claims both.
    ///
    /// @throws StartException IN_USE when another process holds one of them or the root holds another
    /// program's
    ///     store
    static Directories claim(Path root, Path state) throws StartException {
        Closing locks = new Closing();
        try {
            refuseForeign(root, state);
            // State before root, so that ready.json of a running daemon is never touched.
            make(state, "rwx--x--x");
            locks.add("lock of state", lock(state, "state"));
            Files.deleteIfExists(state.resolve(ReadyFile.NAME));
            make(root, "rwx--x--x");
            locks.add("lock of root", lock(root, "root"));
            layout(root);
            Directories claimed = new Directories(root, state, locks);
            claimed.emptyTmp();
            return claimed;
        } catch (IOException e) {
            locks.close();
            throw new StartException(ExitCode.FAILED, "cannot prepare " + root + " and " + state + ": " + why(e), e);
        } catch (StartException e) {
            locks.close();
            throw e;
        }
    }

    Path root() {
        return root;
    }

    Path state() {
        return state;
    }

    /// For files that mean nothing after a restart.
    Path tmp() {
        return root.resolve("tmp");
    }

    @Override
    public void close() {
        locks.close();
    }

    private static void refuseForeign(Path root, Path state) throws StartException {
        if (Files.exists(root.resolve(CONTAINERD_STORE))) {
            throw new StartException(
                    ExitCode.IN_USE,
                    "root " + root
                            + ": holds containerd's store; name another directory with --root, images can be pulled"
                            + " or imported into it");
        }
        refuseUnknown(root);
        for (String name : CONTAINERD_SOCKETS) {
            if (UnixSocket.answers(state.resolve(name))) {
                throw new StartException(
                        ExitCode.IN_USE,
                        "state " + state + ": a containerd answers on " + name
                                + "; name another directory with --state");
            }
        }
    }

    /// A root that holds anything was made by us, which its `layout` tells, or is not touched: what lies in its
    /// `tmp` would be deleted.
    private static void refuseUnknown(Path root) throws StartException {
        if (!Files.isDirectory(root) || Files.exists(root.resolve(LAYOUT_FILE))) {
            return;
        }
        try (Stream<Path> names = Files.list(root)) {
            Optional<String> unknown = names.map(path -> String.valueOf(path.getFileName()))
                    .filter(name -> !NOT_CONTENT.contains(name))
                    .findFirst();
            if (unknown.isPresent()) {
                throw new StartException(
                        ExitCode.IN_USE,
                        "root " + root + ": holds \"" + unknown.get()
                                + "\" and is no root of Slipway's; name an empty or new directory with --root");
            }
        } catch (IOException e) {
            throw new StartException(ExitCode.FAILED, "cannot read root " + root + ": " + why(e), e);
        }
    }

    /// A directory that was there keeps its mode: it may be somebody else's, named by mistake.
    private static void make(Path dir, String mode) throws IOException {
        if (!Files.isDirectory(dir)) {
            Files.createDirectories(dir);
            Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString(mode));
        }
    }

    private static FileLock lock(Path dir, String what) throws IOException, StartException {
        return FileLock.tryLock(dir.resolve("lock"))
                .orElseThrow(() -> new StartException(
                        ExitCode.IN_USE,
                        what + " " + dir + ": another slipwayd holds its lock; stop that one or name another directory"
                                + " with --" + what));
    }

    private static void layout(Path root) throws IOException, StartException {
        Path file = root.resolve(LAYOUT_FILE);
        if (!Files.exists(file)) {
            Files.writeString(file, LAYOUT + "\n");
            return;
        }
        String text = Files.readString(file).strip();
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) > LAYOUT) {
            throw new StartException(
                    ExitCode.FAILED,
                    String.format(
                            Locale.ROOT,
                            "root %s: has layout \"%s\", this version knows up to %d; start the newer slipwayd that wrote it or"
                                    + " name another directory with --root",
                            root,
                            text,
                            LAYOUT));
        }
    }

    private void emptyTmp() throws IOException {
        Path tmp = tmp();
        if (Files.isDirectory(tmp)) {
            try (Stream<Path> tree = Files.walk(tmp)) {
                for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
        Files.createDirectory(tmp);
        Files.setPosixFilePermissions(tmp, PosixFilePermissions.fromString("rwx------"));
    }

    private static String why(IOException e) {
        return e.getClass().getSimpleName().replace("Exception", "") + " " + e.getMessage();
    }
}
