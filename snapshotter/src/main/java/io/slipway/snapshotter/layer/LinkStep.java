package io.slipway.snapshotter.layer;

import io.slipway.linux.Attributes;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.Entry;
import io.slipway.linux.Errno;
import io.slipway.linux.FileType;
import io.slipway.linux.LinuxException;
import io.slipway.snapshotter.layer.LayerNotes.DeferredLink;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// Settles what a layer that was applied without its parents could not know, so that the merged tree is what
/// applying the layers one after another gives (design 8):
///
/// - a directory implied by a path takes owner, mode, xattrs and times of the nearest lower one;
/// - a hard link to a name of a lower layer copies that file up and shares its inode, under all the names that
///   it has below, and the link's own attributes speak for the inode, as in containerd's native snapshotter;
/// - an opaque top directory, which overlayfs does not know, becomes one whiteout for each lower name;
/// - the top directory takes the owner of the one below.
///
/// A symbolic link of a lower layer in the path of an entry is not seen, as on overlayfs, where the layer's
/// directory is the root that paths are resolved in: a directory of this layer hides it. A plain tree can follow it,
/// which [FlatMerge] does.
public final class LinkStep {
    /// S_ISGID of `linux/stat.h`.
    private static final int SET_GROUP_ID = 02000;

    /// For the names that lower files have beside those that are linked to: a lower layer may hold very many. Not of
    /// the layers' common memory, since who waited for that here could hold up those that it waits for.
    private static final long NOTES_BYTES_MAX = 6L << 20;

    private final Dir layer;
    private final List<Dir> lowers;
    private final OverlayForm form;
    private final NodeAttributes attributes;
    private final NoteBudget budget = notes();
    private final boolean follow;

    private LinkStep(Dir layer, List<Dir> lowers, OverlayForm form, int umask, boolean follow) {
        this.layer = layer;
        this.lowers = List.copyOf(lowers);
        this.form = form;
        this.attributes = new NodeAttributes(umask, form);
        this.follow = follow;
    }

    /// Of a layer that overlayfs shows above `lowers` (nearest first). All stay the caller's.
    public static LinkStep overOverlay(Dir layer, List<Dir> lowers, OverlayForm form, int umask) {
        return new LinkStep(layer, lowers, form, umask, false);
    }

    /// Of a layer that is merged into a plain tree like `lowers`, one or none, next ([FlatMerge]): targets of hard
    /// links are looked up through its symbolic links.
    public static LinkStep overPlain(Dir layer, List<Dir> lowers, OverlayForm form, int umask) {
        return new LinkStep(layer, lowers, form, umask, true);
    }

    /// What one step may keep in mind beside the layer's own notes.
    static NoteBudget notes() {
        return NoteBudget.of(NOTES_BYTES_MAX);
    }

    /// Does all of it; once per layer, before anybody can mount it.
    ///
    /// @return the directories that no entry describes
    public Set<PathBytes> run(LayerNotes notes) throws IOException {
        try (OpenDirs own = new OpenDirs(layer.openDir(new byte[0]), form, Long.MAX_VALUE, budget)) {
            if (!lowers.isEmpty()) {
                Attributes top = lowers.getFirst().stat(OpenDir.SELF);
                layer.chown(OpenDir.SELF, top.uid(), top.gid());
            }
            if (notes.rootOpaque()) {
                hideAll(own.root());
            }
            if (!notes.links().isEmpty()) {
                links(standing(notes.links(), own), own);
            }
            Set<PathBytes> implied = new LinkedHashSet<>(notes.implied());
            implied.addAll(own.implied());
            inherit(implied, own);
            return implied;
        }
    }

    /// The lower path that links to `target` mean.
    private PathBytes lower(PathBytes target) throws IOException {
        if (!follow || lowers.isEmpty()) {
            return target;
        }
        try (OpenDirs plain = new OpenDirs(lowers.getFirst().openDir(new byte[0]), form, Long.MAX_VALUE, budget)) {
            return plain.real(target);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ELOOP) {
                throw e;
            }
            return target;
        }
    }

    private void inherit(Set<PathBytes> implied, OpenDirs own) throws IOException {
        List<Dir> all = new ArrayList<>();
        all.add(layer);
        all.addAll(lowers);
        try (MergedDirs merged = new MergedDirs(all, form)) {
            for (PathBytes path : implied) {
                Optional<MergedDirs.Found> below = merged.find(path, 1);
                if (below.isPresent() && below.get().attributes().isDirectory()) {
                    CopyUp.attributes(below.get(), own.parentOf(path).dir, path.base());
                } else {
                    inheritGroup(path, own);
                }
            }
        }
    }

    /// A directory that no layer describes gets the group of a set-group-ID parent (mkdir(2)), which may have
    /// become one only now or after it was made.
    private static void inheritGroup(PathBytes path, OpenDirs own) throws IOException {
        OpenDir in = own.parentOf(path);
        Attributes parent = in.dir.stat(OpenDir.SELF);
        if ((parent.mode() & SET_GROUP_ID) != 0) {
            in.dir.chown(path.base(), in.dir.stat(path.base()).uid(), parent.gid());
        }
    }

    private void hideAll(OpenDir top) throws IOException {
        try (MergedDirs merged = new MergedDirs(lowers, form)) {
            for (Dir lower : lowers) {
                lower.forEach(entry -> hide(entry.name(), top, merged));
            }
        }
    }

    private void hide(byte[] name, OpenDir top, MergedDirs merged) throws IOException {
        if (merged.find(PathBytes.ROOT.child(name), 0).isEmpty()) {
            return;
        }
        Optional<Attributes> own = top.dir.find(name);
        if (own.isEmpty()) {
            top.dir.mknod(name, FileType.CHARACTER_DEVICE, 0, DeviceNumber.ZERO);
            top.hideWhiteouts();
        } else if (own.get().isDirectory()) {
            form.makeOpaque(top.dir, name);
        }
    }

    /// Those that no later entry has replaced or removed.
    private List<DeferredLink> standing(List<DeferredLink> links, OpenDirs own) throws IOException {
        List<DeferredLink> standing = new ArrayList<>();
        for (DeferredLink link : links) {
            if (waits(own, link.path(), link.source())) {
                standing.add(link);
            }
        }
        return standing;
    }

    private boolean waits(OpenDirs own, PathBytes path, int source) throws IOException {
        Optional<OpenDir> parent = own.existingParentOf(path);
        return parent.isPresent()
                && parent.get().dir.find(path.base()).isPresent()
                && WaitingLink.source(parent.get().dir, form, path.base()).equals(OptionalInt.of(source));
    }

    private void links(List<DeferredLink> links, OpenDirs own) throws IOException {
        Map<Integer, List<DeferredLink>> inodes = new LinkedHashMap<>();
        links.forEach(link ->
                inodes.computeIfAbsent(link.source(), _ -> new ArrayList<>()).add(link));
        try (MergedDirs merged = new MergedDirs(lowers, form)) {
            Map<Integer, Map<Long, List<PathBytes>>> names = otherNames(links, merged);
            Map<PathBytes, PathBytes> copied = new HashMap<>();
            List<List<DeferredLink>> later = new ArrayList<>();
            for (List<DeferredLink> inode : inodes.values()) {
                if (!naming(inode, () -> below(inode, own, names, merged, copied))) {
                    later.add(inode);
                }
            }
            laterEntries(later, own);
        }
        for (DeferredLink link : links) {
            naming(List.of(link), () -> {
                applyAttributes(link, own);
                return true;
            });
        }
    }

    private interface Step {
        boolean run() throws IOException;
    }

    private static boolean naming(List<DeferredLink> inode, Step step) throws IOException {
        try {
            return step.run();
        } catch (LinuxException e) {
            throw EntryFailure.of(inode.getFirst().entry(), e);
        }
    }

    /// Makes links to a file of a lower layer. Returns false when their target can only be a later entry.
    private boolean below(
            List<DeferredLink> links,
            OpenDirs own,
            Map<Integer, Map<Long, List<PathBytes>>> names,
            MergedDirs merged,
            Map<PathBytes, PathBytes> copied)
            throws IOException {
        DeferredLink first = links.getFirst();
        if (first.hidden()) {
            return false;
        }
        PathBytes target = lower(first.target());
        PathBytes copy = copied.get(target);
        if (copy == null) {
            Optional<MergedDirs.Found> below = merged.find(target, 0);
            if (below.isEmpty()) {
                return false;
            }
            refuseDirectory(first, below.get().attributes());
            copyUp(first, below.get(), own, names, merged, copied);
            linkAll(links.subList(1, links.size()), first.path(), own);
        } else {
            linkAll(links, copy, own);
        }
        return true;
    }

    private void linkAll(List<DeferredLink> links, PathBytes existing, OpenDirs own) throws IOException {
        for (DeferredLink link : links) {
            if (!link.path().equals(existing) && waits(own, link.path(), link.source())) {
                making(own, link.path(), dir -> {
                    dir.unlink(link.path().base());
                    OpenDir source = own.existingParentOf(existing).orElseThrow();
                    dir.link(source.dir, existing.base(), link.path().base());
                });
            }
        }
    }

    /// Links to entries that came later in this layer, or to links that wait themselves.
    private void laterEntries(List<List<DeferredLink>> inodes, OpenDirs own) throws IOException {
        List<List<DeferredLink>> left = inodes;
        while (!left.isEmpty()) {
            List<List<DeferredLink>> missing = new ArrayList<>();
            for (List<DeferredLink> inode : left) {
                if (!naming(inode, () -> later(inode, own))) {
                    missing.add(inode);
                }
            }
            if (missing.size() == left.size()) {
                DeferredLink first = missing.getFirst().getFirst();
                throw new LayerFormatException("entry " + first.entry() + ": hard link to " + first.target()
                        + ", which is neither in this layer nor below it");
            }
            left = missing;
        }
    }

    private boolean later(List<DeferredLink> links, OpenDirs own) throws IOException {
        DeferredLink first = links.getFirst();
        PathBytes target = first.target();
        Optional<OpenDir> parent = own.existingParentOf(target);
        Optional<Attributes> there =
                parent.isEmpty() ? Optional.empty() : parent.get().dir.find(target.base());
        if (there.isEmpty()
                || OverlayForm.isWhiteout(there.get())
                || WaitingLink.source(parent.orElseThrow().dir, form, target.base())
                        .isPresent()) {
            return false;
        }
        refuseDirectory(first, there.get());
        linkAll(links, target, own);
        return true;
    }

    private static void refuseDirectory(DeferredLink link, Attributes target) throws LayerFormatException {
        if (target.isDirectory()) {
            throw new LayerFormatException("entry " + link.entry() + ": hard link to a directory");
        }
    }

    /// Copies the lower file up, under its own name unless the layer now has something else there, and links
    /// it.
    private void copyUp(
            DeferredLink link,
            MergedDirs.Found below,
            OpenDirs own,
            Map<Integer, Map<Long, List<PathBytes>>> names,
            MergedDirs merged,
            Map<PathBytes, PathBytes> copied)
            throws IOException {
        int lower = below.layer();
        long inode = below.attributes().inode();
        making(own, link.path(), dir -> {
            dir.unlink(link.path().base());
            CopyUp.node(below, dir, link.path().base());
        });
        copied.put(below.path(), link.path());
        List<PathBytes> all = new ArrayList<>(List.of(below.path()));
        all.addAll(names.getOrDefault(lower, Map.of()).getOrDefault(inode, List.of()));
        for (PathBytes name : all) {
            Optional<MergedDirs.Found> still = merged.find(name, 0);
            boolean same = still.isPresent()
                    && still.get().layer() == lower
                    && still.get().attributes().inode() == inode;
            if (same) {
                copied.put(name, link.path());
                if (!settled(own, name)) {
                    link(link.path(), name, own);
                }
            }
        }
    }

    /// Whether the layer itself decides what is at `path`: it has something there, or hides what is below.
    private boolean settled(OpenDirs own, PathBytes path) throws IOException {
        PathBytes at = PathBytes.ROOT;
        for (byte[] name : path.components()) {
            at = at.child(name);
            Optional<OpenDir> parent = own.existingParentOf(at);
            Optional<Attributes> there =
                    parent.isEmpty() ? Optional.empty() : parent.get().dir.find(name);
            if (there.isEmpty()) {
                return parent.isPresent() && parent.get().opaque();
            }
            boolean last = at.equals(path);
            if (last || !there.get().isDirectory() || form.isOpaque(parent.orElseThrow().dir, name)) {
                return true;
            }
        }
        return true;
    }

    private static void link(PathBytes existing, PathBytes name, OpenDirs own) throws IOException {
        making(own, name, dir -> {
            OpenDir source = own.existingParentOf(existing).orElseThrow();
            dir.link(source.dir, existing.base(), name.base());
        });
    }

    private interface Making {
        void in(Dir parent) throws IOException;
    }

    /// Makes a node, and the directories above it that are missing, without changing the times of the directory
    /// that was there.
    private static void making(OpenDirs own, PathBytes path, Making making) throws IOException {
        PathBytes first = path;
        while (own.existingParentOf(first).isEmpty()) {
            first = first.parent();
        }
        Attributes before = own.parentOf(first).dir.stat(OpenDir.SELF);
        making.in(own.parentOf(path).dir);
        own.parentOf(first).dir.utimens(OpenDir.SELF, before.accessed(), before.modified());
    }

    private void applyAttributes(DeferredLink link, OpenDirs own) throws IOException {
        Dir parent = own.parentOf(link.path()).dir;
        byte[] name = link.path().base();
        attributes.setLinked(parent, name, link.entry(), parent.stat(name));
    }

    /// The names that link targets with several names have in their layers, by layer and inode.
    private Map<Integer, Map<Long, List<PathBytes>>> otherNames(List<DeferredLink> links, MergedDirs merged)
            throws IOException {
        Map<Integer, Map<Long, List<PathBytes>>> wanted = new HashMap<>();
        for (DeferredLink link : links) {
            Optional<MergedDirs.Found> below = link.hidden() ? Optional.empty() : merged.find(lower(link.target()), 0);
            if (below.isPresent()
                    && below.get().attributes().links() > 1
                    && !below.get().attributes().isDirectory()) {
                wanted.computeIfAbsent(below.get().layer(), _ -> new HashMap<>())
                        .put(below.get().attributes().inode(), new ArrayList<>());
            }
        }
        for (Map.Entry<Integer, Map<Long, List<PathBytes>>> layerNames : wanted.entrySet()) {
            collect(lowers.get(layerNames.getKey()), layerNames.getValue());
        }
        return wanted;
    }

    private void collect(Dir top, Map<Long, List<PathBytes>> wanted) throws IOException {
        ArrayDeque<PathBytes> todo = new ArrayDeque<>(List.of(PathBytes.ROOT));
        while (!todo.isEmpty()) {
            PathBytes path = todo.pop();
            try (Dir dir = top.openDir(path.bytes())) {
                dir.forEach((Entry entry) -> {
                    List<PathBytes> names = wanted.get(entry.inode());
                    if (entry.type() == FileType.DIRECTORY
                            || (entry.type() == FileType.UNKNOWN
                                    && dir.stat(entry.name()).isDirectory())) {
                        todo.push(path.child(entry.name()));
                    } else if (names != null) {
                        PathBytes name = path.child(entry.name());
                        budget.take(name.bytes().length);
                        names.add(name);
                    }
                });
            }
        }
    }
}
