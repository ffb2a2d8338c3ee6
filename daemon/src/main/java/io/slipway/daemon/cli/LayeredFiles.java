package io.slipway.daemon.cli;

import io.slipway.linux.Attributes;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/// Reads files of a snapshot as the container will see them, without mounting it.
///
/// A mount made for one small file would stay behind when this program is killed, and needs privileges that reading
/// does not. So the layers are looked through from the top with overlayfs' own rules: a whiteout or an opaque directory
/// hides what is below, a name found in several layers is a merged directory or the uppermost of its kind, and symbolic
/// links are followed by us inside the merged tree, at most [#LINKS_MAX] of them. Each step takes one name in a
/// directory held by descriptor, so no link in an image leads out of its layer; only regular files are opened.
final class LayeredFiles implements AutoCloseable {
    /// As the kernel's limit.
    private static final int LINKS_MAX = 40;

    private static final int COMPONENTS_MAX = 4096;
    private static final byte[] SELF = {'.'};
    // overlayfs.rst: whiteouts and opaque directories; the user.* forms belong to mounts with `userxattr`.
    private static final List<byte[]> OPAQUE = List.of(ascii("trusted.overlay.opaque"), ascii("user.overlay.opaque"));
    private static final List<byte[]> WHITEOUT =
            List.of(ascii("trusted.overlay.whiteout"), ascii("user.overlay.whiteout"));

    private final List<Dir> opened = new ArrayList<>();
    private final List<Dir> root;

    /// @param layers root directories of the layers, uppermost first
    LayeredFiles(List<Path> layers) throws IOException {
        List<Dir> roots = new ArrayList<>();
        try {
            for (Path layer : layers) {
                Dir dir = keep(Dir.openRoot(layer));
                roots.add(dir);
                if (isOpaque(dir)) {
                    break;
                }
            }
        } catch (IOException e) {
            close();
            throw e;
        }
        this.root = roots;
    }

    private sealed interface Found {
        record Nothing() implements Found {}

        record Merged(List<Dir> directories) implements Found {}

        record Leaf(Dir in, FileType type) implements Found {}
    }

    /// The content of the regular file at `path` (absolute in the image); empty when there is none.
    ///
    /// @throws IOException it is larger than `bytesMax`, or behind too many symbolic links, or unreadable
    Optional<byte[]> read(String path, int bytesMax) throws IOException {
        Optional<Leaf> leaf = walk(path, (_, _) -> {});
        return leaf.isPresent() && leaf.get().type() == FileType.FILE
                ? Optional.of(content(path, leaf.get().in(), leaf.get().name(), bytesMax))
                : Optional.empty();
    }

    /// Whether `path` leads to or through that name at the top, links followed: what the image has there is hidden in
    /// the container, by what is mounted over it.
    boolean leadsThrough(String path, String top) throws IOException {
        byte[] wanted = top.getBytes(StandardCharsets.UTF_8);
        boolean[] through = {false};
        var _ = walk(path, (depth, name) -> through[0] |= depth == 0 && Arrays.equals(name, wanted));
        return through[0];
    }

    /// Whether that name at the top is a directory, or not there at all.
    boolean canBeDirectory(String top) throws IOException {
        return !(find(root, top.getBytes(StandardCharsets.UTF_8)) instanceof Found.Leaf);
    }

    /// The last name of a path, in the layer that has it.
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Leaf(Dir in, byte[] name, FileType type) {}

    private interface Steps {
        /// A name is looked up so many directories below the top.
        void into(int depth, byte[] name);
    }

    /// Where `path` ends, symbolic links followed; empty for a directory and what is not there.
    private Optional<Leaf> walk(String path, Steps steps) throws IOException {
        Deque<byte[]> todo = components(path.getBytes(StandardCharsets.UTF_8));
        Deque<List<Dir>> way = new ArrayDeque<>(List.of(root));
        int links = 0;
        while (!todo.isEmpty()) {
            byte[] name = todo.pop();
            if (name.length == 2 && name[0] == '.' && name[1] == '.') {
                if (way.size() > 1) {
                    way.pop();
                }
                continue;
            }
            steps.into(way.size() - 1, name);
            switch (find(way.element(), name)) {
                case Found.Nothing() -> {
                    return Optional.empty();
                }
                case Found.Merged(List<Dir> directories) -> way.push(directories);
                case Found.Leaf(Dir in, FileType type)
                when type == FileType.SYMLINK -> {
                    links++;
                    byte[] target = in.readlink(name);
                    if (links > LINKS_MAX || todo.size() + target.length > COMPONENTS_MAX) {
                        throw new IOException(path + " in the image is behind too many symbolic links");
                    }
                    if (target.length > 0 && target[0] == '/') {
                        way.clear();
                        way.push(root);
                    }
                    Deque<byte[]> rest = components(target);
                    while (!rest.isEmpty()) {
                        todo.push(rest.removeLast());
                    }
                }
                case Found.Leaf(Dir in, FileType type) -> {
                    return todo.isEmpty() ? Optional.of(new Leaf(in, name, type)) : Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    private Found find(List<Dir> directories, byte[] name) throws IOException {
        List<Dir> merged = new ArrayList<>();
        for (Dir directory : directories) {
            Optional<Attributes> found = directory.find(name);
            if (found.isEmpty()) {
                continue;
            }
            Attributes attributes = found.get();
            if (isWhiteout(directory, name, attributes)) {
                break;
            }
            if (attributes.type() != FileType.DIRECTORY) {
                if (merged.isEmpty()) {
                    return new Found.Leaf(directory, attributes.type());
                }
                break;
            }
            Dir child = keep(directory.openChild(name));
            merged.add(child);
            if (isOpaque(child)) {
                break;
            }
        }
        return merged.isEmpty() ? new Found.Nothing() : new Found.Merged(merged);
    }

    private static boolean isWhiteout(Dir in, byte[] name, Attributes attributes) throws IOException {
        if (attributes.type() == FileType.CHARACTER_DEVICE) {
            return attributes.rdev().equals(DeviceNumber.ZERO);
        }
        if (attributes.type() != FileType.FILE || attributes.size() != 0) {
            return false;
        }
        for (byte[] attribute : WHITEOUT) {
            if (in.xattr(name, attribute).isPresent()) {
                return true;
            }
        }
        return false;
    }

    private static boolean isOpaque(Dir directory) throws IOException {
        for (byte[] attribute : OPAQUE) {
            Optional<byte[]> value = directory.xattr(SELF, attribute);
            if (value.isPresent() && value.get().length == 1 && value.get()[0] == 'y') {
                return true;
            }
        }
        return false;
    }

    private static byte[] content(String path, Dir in, byte[] name, int bytesMax) throws IOException {
        try (FileHandle file = in.openFile(name)) {
            long size = file.stat().size();
            if (size > bytesMax) {
                throw new IOException(path + " in the image has " + size + " bytes, more than " + bytesMax);
            }
            ByteBuffer content = ByteBuffer.allocate((int) size);
            while (content.hasRemaining() && file.read(content, content.position()) > 0) {
                // until the size seen above, or the end if it shrank
            }
            byte[] bytes = new byte[content.position()];
            content.flip().get(bytes);
            return bytes;
        }
    }

    private static Deque<byte[]> components(byte[] path) {
        Deque<byte[]> components = new ArrayDeque<>();
        int start = 0;
        for (int i = 0; i <= path.length; i++) {
            if (i == path.length || path[i] == '/') {
                if (i > start && !(i - start == 1 && path[start] == '.')) {
                    byte[] component = new byte[i - start];
                    System.arraycopy(path, start, component, 0, component.length);
                    components.add(component);
                }
                start = i + 1;
            }
        }
        return components;
    }

    private Dir keep(Dir dir) {
        opened.add(dir);
        return dir;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() {
        opened.forEach(Dir::close);
        opened.clear();
    }
}
