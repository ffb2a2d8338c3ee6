package io.slipway.snapshotter.layer;

import io.slipway.cas.ApiException;
import io.slipway.linux.Attributes;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.linux.LinuxException;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.layer.LayerNotes.DeferredLink;
import io.slipway.snapshotter.tar.TarEntry;
import io.slipway.snapshotter.tar.TarLimits;
import io.slipway.snapshotter.tar.TarReader;
import io.slipway.snapshotter.tar.Xattr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Writes a layer into a fresh directory in the form overlayfs reads ([OverlayForm]).
///
/// The directory holds nothing but what this layer brought, so the file system itself remembers it: a whiteout
/// of a name that is there is a whiteout of the layer's own (which hides lower layers only, not the name), and
/// nothing has to be kept in memory per file. No entry leaves the directory ([OpenDirs]); nodes that exist are
/// never opened. Needs root, of a user namespace at least; there no device can be made, and one of a layer becomes a
/// whiteout: nobody sees what the layer has replaced.
public final class DirectorySink implements LayerSink {
    /// Links to lower layers are rare: a handful where a tool touched files of a lower layer.
    private static final int DEFERRED_MAX = 65_536;

    /// What the objects of one attribute take beside name and value.
    private static final long XATTR_BYTES = 80;

    private final OverlayForm form;
    private final LargeFiles largeFiles;
    private final OpenDirs dirs;
    private final NodeAttributes attributes;
    private final DirectoryTimes times;

    /// In the order they came, also those that were replaced since.
    private final List<DeferredLink> deferred = new ArrayList<>();

    /// Of directories, whose children would inherit them.
    private final Map<PathBytes, LateAcl> defaultAcls = new LinkedHashMap<>();

    private final NoteBudget budget;
    private boolean rootOpaque;
    private long fileBytes;
    private long entries;

    /// @param top the empty directory, closed with the sink
    /// @param form that this process can write
    /// @param umask of this process, which the kernel subtracts from each mode
    /// @param budget for what has to be kept in mind, stays the caller's
    /// @param largeFiles writes the data of large files
    public DirectorySink(
            Dir top, OverlayForm form, int umask, LayerQuota quota, NoteBudget budget, LargeFiles largeFiles) {
        this.form = form;
        this.budget = budget;
        this.largeFiles = largeFiles;
        this.dirs = new OpenDirs(top, form, quota.maxDirectories(), budget);
        this.attributes = new NodeAttributes(umask, form);
        this.times = new DirectoryTimes(quota.maxDirectories(), budget);
    }

    private record LateAcl(TarEntry entry, Xattr acl) {}

    @Override
    public void entry(TarEntry entry, TarReader data) throws IOException, InterruptedException {
        entries++;
        PathBytes path = PathBytes.clean(entry.name());
        try {
            switch (WhiteoutName.of(path)) {
                case ORDINARY -> node(path, entry, data);
                case OPAQUE -> opaque(path.parent());
                case WHITEOUT -> whiteout(path);
                case AUFS -> {}
                case MALFORMED -> throw new LayerFormatException("entry " + entry + ": malformed whiteout");
            }
        } catch (LinuxException e) {
            throw EntryFailure.of(entry, e);
        }
    }

    private void node(PathBytes path, TarEntry entry, TarReader data) throws IOException, InterruptedException {
        if (path.isRoot()) {
            root(entry);
            return;
        }
        OpenDir parent = dirs.parentOf(path);
        byte[] name = path.base();
        switch (entry.type()) {
            case FILE -> file(parent, path, name, entry, data);
            case DIRECTORY -> directory(parent, path, name, entry);
            case SYMLINK -> other(path, name, entry, at -> at.symlink(entry.link(), name));
            case HARD_LINK -> hardLink(path, name, entry);
            case FIFO -> other(path, name, entry, at -> at.mkfifo(name, entry.mode() & 0777));
            case CHARACTER_DEVICE -> device(path, name, entry, FileType.CHARACTER_DEVICE);
            case BLOCK_DEVICE -> device(path, name, entry, FileType.BLOCK_DEVICE);
        }
    }

    private OpenDir other(PathBytes path, byte[] name, TarEntry entry, Making making) throws IOException {
        OpenDir parent = replacing(path, making);
        attributes.set(parent.dir, name, entry);
        return parent;
    }

    /// containerd never applies attributes of the top directory; a top that is no directory can't be.
    private static void root(TarEntry entry) throws LayerFormatException {
        if (entry.type() != io.slipway.snapshotter.tar.EntryType.DIRECTORY) {
            throw new LayerFormatException("entry " + entry + ": the top directory can't be anything else");
        }
    }

    private void file(OpenDir parent, PathBytes path, byte[] name, TarEntry entry, TarReader data)
            throws IOException, InterruptedException {
        FileHandle made;
        try {
            made = parent.dir.createFile(name, entry.mode() & 0777);
        } catch (LinuxException e) {
            made = clear(path, e).dir.createFile(name, entry.mode() & 0777);
        }
        try (FileHandle file = made) {
            Optional<LargeFile> large = entry.sparse() ? Optional.empty() : largeFiles.open(file, entry.size());
            if (large.isPresent()) {
                fill(large.get(), data);
            } else {
                fill(file, entry, data);
            }
            attributes.set(file, entry);
        }
        fileBytes += entry.size();
    }

    private static void fill(LargeFile whole, TarReader data) throws IOException, InterruptedException {
        try (LargeFile file = whole) {
            for (ByteBuffer run = data.data(); run != null; run = data.data()) {
                file.write(run);
            }
            file.finish();
        }
    }

    private static void fill(FileHandle file, TarEntry entry, TarReader data) throws IOException, InterruptedException {
        long end = 0;
        for (ByteBuffer run = data.data(); run != null; run = data.data()) {
            long at = data.dataOffset();
            end = at + run.remaining();
            file.write(run, at);
        }
        if (end < entry.size()) {
            file.truncate(entry.size());
        }
    }

    private void directory(OpenDir parent, PathBytes path, byte[] name, TarEntry entry) throws IOException {
        OpenDir in = parent;
        boolean merged = false;
        if (!in.roomFor(name)) {
            throw new LayerFormatException(
                    "entry " + entry + ": directory deeper than " + TarLimits.PATH_BYTES_MAX + " bytes of path");
        }
        try {
            in.dir.mkdir(name, entry.mode() & 01777);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EEXIST) {
                throw e;
            }
            Attributes there = in.dir.stat(name);
            merged = there.isDirectory();
            if (merged) {
                dirs.explicit(there.inode());
            } else {
                // What was there had hidden a lower directory of this name, and goes on doing so.
                in = clear(path, e);
                in.dir.mkdir(name, entry.mode() & 01777);
                form.makeOpaque(in.dir, name);
            }
        }
        int late = attributes.setDirectory(in.dir, name, entry, merged);
        PathBytes real = in.real.child(name);
        times.add(real, late, entry);
        for (Xattr xattr : entry.xattrs()) {
            if (NodeAttributes.isDefaultAcl(xattr)) {
                budget.take(bytesOf(real, real, entry));
                defaultAcls.put(real, new LateAcl(entry, xattr));
            }
        }
    }

    private void device(PathBytes path, byte[] name, TarEntry entry, FileType type) throws IOException {
        if (form == OverlayForm.USER) {
            replacing(path, at -> at.mknod(name, FileType.CHARACTER_DEVICE, 0, DeviceNumber.ZERO))
                    .hideWhiteouts();
            return;
        }
        OpenDir parent = other(path, name, entry, at -> at.mknod(name, type, entry.mode() & 0777, entry.device()));
        if (type == FileType.CHARACTER_DEVICE && entry.device().equals(DeviceNumber.ZERO)) {
            parent.hideWhiteouts();
        }
    }

    /// Links to what the layer has so far. A target it does not have may be in a lower layer or come later; the
    /// link step decides, because the lower one would win.
    private void hardLink(PathBytes path, byte[] name, TarEntry entry) throws IOException {
        PathBytes target = PathBytes.clean(entry.link());
        if (path.within(target) || target.within(path)) {
            throw new LayerFormatException("entry " + entry + ": hard link to itself or to a directory");
        }
        Optional<OpenDir> from = dirs.existingParentOf(target);
        Optional<Attributes> existing =
                from.isEmpty() ? Optional.empty() : from.get().dir.find(target.base());
        if (existing.isEmpty() || OverlayForm.isWhiteout(existing.get())) {
            defer(path, name, target, entry);
            return;
        }
        if (existing.get().isDirectory()) {
            throw new LayerFormatException("entry " + entry + ": hard link to a directory");
        }
        Optional<Attributes> occupied = dirs.parentOf(path).dir.find(name);
        boolean linked =
                occupied.isPresent() && occupied.get().inode() == existing.get().inode();
        if (!linked) {
            replacing(path, at -> {
                OpenDir source = dirs.existingParentOf(target).orElseThrow(() -> gone(target));
                at.link(source.dir, target.base(), name);
            });
        }
        OpenDir parent = dirs.parentOf(path);
        OptionalInt waiting = deferred.isEmpty() ? OptionalInt.empty() : WaitingLink.source(parent.dir, form, name);
        if (waiting.isPresent()) {
            DeferredLink first = deferred.get(waiting.getAsInt());
            note(new DeferredLink(first.source(), parent.real.child(name), first.target(), entry, first.hidden()));
        } else {
            attributes.setLinked(parent.dir, name, entry, existing.get());
        }
    }

    private static LinuxException gone(PathBytes target) {
        return new LinuxException("linkat", target.toString(), Errno.ENOENT);
    }

    private void defer(PathBytes path, byte[] name, PathBytes target, TarEntry entry) throws IOException {
        PathBytes real = dirs.real(target);
        boolean hidden = hidden(real);
        OpenDir parent = replacing(path, at -> WaitingLink.make(at, form, name, deferred.size()));
        note(new DeferredLink(deferred.size(), parent.real.child(name), real, entry, hidden));
    }

    private void note(DeferredLink link) {
        if (deferred.size() >= DEFERRED_MAX) {
            throw new ApiException(
                    ApiException.Code.RESOURCE_EXHAUSTED,
                    "layer of more than " + DEFERRED_MAX + " hard links to what it does not have");
        }
        budget.take(bytesOf(link.path(), link.target(), link.entry()));
        deferred.add(link);
    }

    private static long bytesOf(PathBytes path, PathBytes target, TarEntry entry) {
        long bytes = (long) path.bytes().length + target.bytes().length + entry.name().length + entry.link().length;
        for (Xattr xattr : entry.xattrs()) {
            bytes += XATTR_BYTES + xattr.name().length + xattr.value().length;
        }
        return bytes;
    }

    /// Whether what lower layers have at that path is already removed by this one.
    private boolean hidden(PathBytes target) throws IOException {
        if (rootOpaque) {
            return true;
        }
        PathBytes at = PathBytes.ROOT;
        for (byte[] name : target.components()) {
            at = at.child(name);
            Optional<OpenDir> parent = dirs.existingParentOf(at);
            Optional<Attributes> there =
                    parent.isEmpty() ? Optional.empty() : parent.get().dir.find(name);
            if (there.isEmpty()) {
                return false;
            }
            if (!there.get().isDirectory() || form.isOpaque(parent.get().dir, name)) {
                return true;
            }
        }
        return false;
    }

    private void opaque(PathBytes path) throws IOException {
        if (path.isRoot()) {
            rootOpaque = true;
        } else {
            dirs.directory(path).makeOpaque();
        }
    }

    private void whiteout(PathBytes path) throws IOException {
        OpenDir parent = dirs.parentOf(path);
        byte[] name = WhiteoutName.removed(path);
        Optional<Attributes> own = parent.dir.find(name);
        if (own.isPresent()) {
            if (own.get().isDirectory()) {
                // Lower layers have no say in it any more, so it inherits nothing either.
                dirs.explicit(own.get().inode());
                form.makeOpaque(parent.dir, name);
            }
        } else if (!parent.opaque()) {
            parent.dir.mknod(name, FileType.CHARACTER_DEVICE, 0, DeviceNumber.ZERO);
            parent.hideWhiteouts();
        }
    }

    private interface Making {
        void at(Dir parent) throws IOException;
    }

    /// Makes a node, removing what has its name; what is held open is looked up again afterwards.
    private OpenDir replacing(PathBytes path, Making making) throws IOException {
        OpenDir parent = dirs.parentOf(path);
        try {
            making.at(parent.dir);
            return parent;
        } catch (LinuxException e) {
            OpenDir again = clear(path, e);
            making.at(again.dir);
            return again;
        }
    }

    private OpenDir clear(PathBytes path, LinuxException cause) throws IOException {
        if (cause.errno() != Errno.EEXIST) {
            throw cause;
        }
        return clear(path);
    }

    /// Removes what this layer has at a path, whole trees included, and returns the parent.
    private OpenDir clear(PathBytes path) throws IOException {
        OpenDir parent = dirs.parentOf(path);
        byte[] name = path.base();
        FileType type = parent.dir.stat(name).type();
        if (type == FileType.DIRECTORY) {
            PathBytes real = parent.real.child(name);
            times.remove(real);
            dirs.removed(real);
            defaultAcls.keySet().removeIf(directory -> directory.within(real));
            parent.dir.removeTree(name);
        } else {
            parent.dir.unlink(name);
        }
        if (type == FileType.DIRECTORY || type == FileType.SYMLINK) {
            dirs.forget();
        }
        return dirs.parentOf(path);
    }

    @Override
    public LayerNotes finish() throws IOException {
        for (Map.Entry<PathBytes, LateAcl> late : defaultAcls.entrySet()) {
            setDefaultAcl(late.getKey(), late.getValue());
        }
        times.forEach((path, mode, accessed, modified) -> {
            Dir dir = dirs.parentOf(path).dir;
            if (mode >= 0) {
                dir.chmod(path.base(), mode);
            }
            dir.utimens(path.base(), accessed, modified);
        });
        return new LayerNotes(dirs.implied(), deferred, rootOpaque, fileBytes, entries);
    }

    private void setDefaultAcl(PathBytes path, LateAcl late) throws IOException {
        try {
            attributes.set(dirs.parentOf(path).dir, path.base(), late.entry(), late.acl());
        } catch (LinuxException e) {
            throw EntryFailure.of(late.entry(), e);
        }
    }

    @Override
    public void close() {
        dirs.close();
    }
}
