package io.slipway.snapshotter.overlay;

import io.slipway.cas.ApiException;
import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Whether a snapshot that is mounted with `volatile` may be mounted again. The kernel leaves a mark in such a one and
/// refuses to mount it a second time, because it can't know whether the machine went down meanwhile with files that
/// nobody had synced. The boot in which the snapshot was mounted first tells: within it nothing is lost, and the mark
/// goes; in another one its files are not to be trusted.
final class VolatileMark {
    private static final String BOOT = "boot";
    private static final String INCOMPATIBLE = "/work/work/incompat";
    private static final byte[] MARK = "volatile".getBytes(StandardCharsets.US_ASCII);

    private VolatileMark() {}

    /// Before the snapshot's mounts are told to anybody.
    ///
    /// @param top holds the snapshot's directory
    /// @param name of it
    /// @throws ApiException FAILED_PRECONDITION when it was mounted before this boot
    static void settle(Dir top, Path path, String name, String boot) throws IOException {
        Path note = path.resolve(name).resolve(BOOT);
        boolean noted = Files.exists(note);
        if (noted ? !Files.readString(note).equals(boot) : isMarked(top, name)) {
            throw ApiException.failedPrecondition("snapshot directory " + path.resolve(name)
                    + " was mounted with volatile before the machine was started: its files were not synced and may be"
                    + " lost; remove the container and make it again");
        }
        if (!noted) {
            Files.writeString(note, boot);
        }
        if (isMarked(top, name)) {
            try (Dir marks = top.openDir(bytes(name + INCOMPATIBLE))) {
                marks.removeTree(MARK);
            }
        }
    }

    private static boolean isMarked(Dir top, String name) throws IOException {
        try (Dir marks = top.openDir(bytes(name + INCOMPATIBLE))) {
            return marks.find(MARK).isPresent();
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
            return false;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
