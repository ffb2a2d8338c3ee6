package io.slipway.snapshotter.testing;

import io.slipway.linux.Attributes;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.linux.LinuxException;
import io.slipway.linux.Timestamp;
import io.slipway.snapshotter.layer.PathBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Changes a tree at random, in all the ways in which a container can, and tells what it did. Needs root.
public final class RandomTree {
    private static final String[] NAMES = {"a", "b", "c", "\u00e9\u00ff", "x".repeat(120), "y".repeat(255), "\nz "};

    /// `struct vfs_cap_data` of linux/capability.h, revision 2: cap_setuid, with a byte that is not UTF-8.
    private static final byte[] CAPABILITY = HexFormat.of().parseHex("0100000280000000000000000000000000000000");

    private final Random random;
    private final List<String> story;

    public RandomTree(Random random, List<String> story) {
        this.random = random;
        this.story = story;
    }

    /// Makes that many changes below `root`.
    public void change(Path root, int changes) throws IOException {
        try (Dir top = Dir.openRoot(root)) {
            for (int i = 0; i < changes; i++) {
                PathBytes path = path();
                Optional<Dir> parent = parent(top, path);
                if (parent.isPresent()) {
                    try (Dir dir = parent.get()) {
                        one(top, dir, path);
                    }
                }
            }
        }
    }

    private PathBytes path() {
        PathBytes path = PathBytes.ROOT;
        for (int depth = 1 + random.nextInt(4); depth > 0; depth--) {
            path = path.child(NAMES[random.nextInt(random.nextInt(3) == 0 ? NAMES.length : 3)].getBytes(
                    StandardCharsets.ISO_8859_1));
        }
        return path;
    }

    /// The directory above, made by the way where nothing stands there.
    private static Optional<Dir> parent(Dir top, PathBytes path) throws IOException {
        PathBytes at = PathBytes.ROOT;
        for (byte[] name : path.parent().components()) {
            try (Dir dir = top.openDir(at.bytes())) {
                Optional<Attributes> there = dir.find(name);
                if (there.isEmpty()) {
                    dir.mkdir(name, 0755);
                } else if (!there.get().isDirectory()) {
                    return Optional.empty();
                }
            }
            at = at.child(name);
        }
        return Optional.of(top.openDir(at.bytes()));
    }

    private void one(Dir top, Dir dir, PathBytes path) throws IOException {
        byte[] name = path.base();
        Optional<Attributes> there = dir.find(name);
        int what = random.nextInt(22);
        story.add(what + " " + new String(path.bytes(), StandardCharsets.ISO_8859_1)
                + there.map(node -> " was " + node.type()).orElse(""));
        switch (what) {
            case 0, 1, 2, 3, 4 -> file(fresh(dir, name), name);
            case 5, 6 -> mkdir(fresh(dir, name), name);
            case 7 -> fresh(dir, name).symlink(("to" + random.nextInt(3)).getBytes(StandardCharsets.US_ASCII), name);
            case 8 -> fresh(dir, name).mkfifo(name, 0640);
            case 9 ->
                fresh(dir, name)
                        .mknod(
                                name,
                                random.nextBoolean() ? FileType.CHARACTER_DEVICE : FileType.BLOCK_DEVICE,
                                0600,
                                new DeviceNumber(1 + random.nextInt(300), random.nextInt(70_000)));
            case 10 -> dir.removeTree(name);
            case 11 -> fresh(dir, name).mknod(name, FileType.SOCKET, 0600, DeviceNumber.ZERO);
            case 12, 13 -> link(top, dir, name);
            default -> {
                if (there.isPresent() && there.get().type() != FileType.SOCKET) {
                    attribute(what, dir, name, there.get());
                } else {
                    file(fresh(dir, name), name);
                }
            }
        }
    }

    private static Dir fresh(Dir dir, byte[] name) throws IOException {
        dir.removeTree(name);
        return dir;
    }

    private void mkdir(Dir dir, byte[] name) throws IOException {
        dir.mkdir(name, 0750);
        try (Dir made = dir.openChild(name)) {
            file(made, "in".getBytes(StandardCharsets.US_ASCII));
        }
    }

    private void file(Dir dir, byte[] name) throws IOException {
        try (FileHandle file = dir.createFile(name, 0644)) {
            write(file);
            if (random.nextInt(6) == 0) {
                file.truncate(300_000 + random.nextInt(100_000));
            }
        }
        if (random.nextBoolean()) {
            dir.utimens(name, time(), time());
        }
    }

    private void write(FileHandle file) throws IOException {
        byte[] content = new byte[random.nextInt(5) == 0 ? random.nextInt(400_000) : random.nextInt(40)];
        random.nextBytes(content);
        file.write(ByteBuffer.wrap(content), 0);
    }

    private Timestamp time() {
        return new Timestamp(1_000_000_000L + random.nextInt(1000), random.nextBoolean() ? 0 : random.nextInt(1000));
    }

    private void link(Dir top, Dir dir, byte[] name) throws IOException {
        PathBytes target = path();
        try (Dir from = top.openDir(target.parent().bytes())) {
            Optional<Attributes> there = from.find(target.base());
            if (there.isPresent()
                    && !there.get().isDirectory()
                    && dir.find(name).isEmpty()) {
                dir.link(from, target.base(), name);
                story.add("  linked to " + new String(target.bytes(), StandardCharsets.ISO_8859_1));
            }
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT && e.errno() != Errno.ENOTDIR) {
                throw e;
            }
        }
    }

    private void attribute(int what, Dir dir, byte[] name, Attributes node) throws IOException {
        switch (what) {
            case 14 -> {
                if (node.type() != FileType.SYMLINK) {
                    dir.chmod(name, new int[] {0600, 01777, 04755, 02750}[random.nextInt(4)]);
                }
            }
            case 15 -> dir.chown(name, random.nextInt(4) * 1_000_000L, random.nextInt(70_000));
            case 16 -> dir.utimens(name, time(), time());
            case 17 -> {
                if (node.type() == FileType.FILE) {
                    dir.setXattr(name, "security.capability".getBytes(StandardCharsets.US_ASCII), CAPABILITY);
                }
            }
            case 18 -> {
                if (node.type() == FileType.FILE || node.isDirectory()) {
                    byte[] value = new byte[1 + random.nextInt(200)];
                    random.nextBytes(value);
                    dir.setXattr(name, "user.t\u00e9st".getBytes(StandardCharsets.ISO_8859_1), value);
                }
            }
            case 19 -> {
                if (node.type() == FileType.FILE) {
                    try (FileHandle file = dir.openFileForWriting(name)) {
                        write(file);
                    }
                    if (node.modified().nanos() == 0) {
                        // A time to the nanosecond that was set back hides a change from who does not know the
                        // upper directory.
                        dir.utimens(name, node.accessed(), node.modified());
                    }
                }
            }
            case 20 -> {
                byte[] other = NAMES[random.nextInt(3)].getBytes(StandardCharsets.ISO_8859_1);
                if (dir.find(other).isEmpty() && !node.isDirectory()) {
                    dir.rename(name, dir, other);
                }
            }
            default -> dir.removeTree(name);
        }
    }
}
