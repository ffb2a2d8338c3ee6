package io.slipway.snapshotter.diff;

import io.slipway.linux.Attributes;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.FileType;
import io.slipway.snapshotter.layer.PathBytes;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Compares two trees and writes what makes the upper one out of the lower one.
///
/// Both are walked side by side, iteratively, in the order of their names' bytes, so the same trees give the same
/// layer. Where an overlay's upper directory is known ([Upper]) only the names it has are looked at. A directory
/// is written when it changed and before the first change below it, the top directory never. Sockets are left
/// out, as are device nodes 0:0 and names beginning with `.wh.`, which would be read as whiteouts.
///
/// Of the directories on the way down all names are in memory, and the names of files that have several, as far as the
/// [NameBudget] goes. At most [#OPEN_LEVELS_MAX] levels are held open, however deep the trees. One thread;
/// interruptible.
final class TreeDiff {
    /// Levels of the walk with open descriptors, three at most for each.
    static final int OPEN_LEVELS_MAX = 64;

    private static final Logger LOG = LoggerFactory.getLogger(TreeDiff.class);
    private static final byte[] SELF = {'.'};

    private final Optional<Dir> lower;
    private final Dir upper;
    private final Optional<Upper> hint;
    private final LayerWriter out;
    private final SameNode same;
    private final Deque<Level> levels = new ArrayDeque<>();
    private final NameBudget budget = new NameBudget();
    private final HardLinks links = new HardLinks(budget);
    private final Set<PathBytes> extraParents = new HashSet<>();
    private boolean warned;

    /// The trees stay the caller's.
    ///
    /// @param lower empty for an empty tree
    /// @param hint of `upper`, when what lies below it is `lower`
    TreeDiff(Optional<Dir> lower, Dir upper, Optional<Upper> hint, LayerWriter out, SameNode same) {
        this.lower = lower;
        this.upper = upper;
        this.hint = lower.isPresent() ? hint : Optional.empty();
        this.out = out;
        this.same = same;
    }

    /// Writes the whole layer. Once.
    void run() throws IOException, InterruptedException {
        try {
            boolean anew = lower.isPresent() && lostLongName(lower.get(), upper);
            boolean merges = lower.isPresent() && !anew;
            Level top = new Level(PathBytes.ROOT, upper.stat(SELF), merges, merges && hint.isPresent());
            top.written = true;
            if (anew) {
                out.opaque(PathBytes.ROOT);
            }
            enter(top);
            while (!levels.isEmpty()) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                Level level = levels.getLast();
                byte[] name = level.names.pollFirst();
                if (name == null) {
                    levels.removeLast().close();
                    budget.give(level.cost);
                } else {
                    step(level, sides(level), name);
                }
            }
            out.end();
        } finally {
            levels.forEach(Level::close);
        }
    }

    private void enter(Level level) throws IOException, InterruptedException {
        levels.addLast(level);
        if (levels.size() > OPEN_LEVELS_MAX) {
            Iterator<Level> deepest = levels.descendingIterator();
            for (int i = 0; i < OPEN_LEVELS_MAX; i++) {
                deepest.next();
            }
            deepest.next().close();
        }
        Level.Sides sides = sides(level);
        if (sides.hint() != null) {
            names(level, sides.hint());
            return;
        }
        names(level, sides.upper());
        if (sides.lower() != null) {
            names(level, sides.lower());
        }
    }

    private void names(Level level, Dir dir) throws IOException {
        dir.forEach(entry -> {
            if (level.names.add(entry.name())) {
                level.cost += budget.take(level.path, entry.name().length);
            }
        });
    }

    private Level.Sides sides(Level level) throws IOException {
        Level.Sides open = level.sides();
        if (open != null) {
            return open;
        }
        byte[] path = level.path.bytes();
        Dir low = null;
        Dir up = null;
        try {
            low = level.lower ? lower.orElseThrow().openDir(path) : null;
            up = upper.openDir(path);
            Dir hinted = level.hinted ? hint.orElseThrow().dir().openDir(path) : null;
            Level.Sides sides = new Level.Sides(low, up, hinted);
            level.open(sides);
            return sides;
        } catch (IOException | RuntimeException e) {
            if (low != null) {
                low.close();
            }
            if (up != null) {
                up.close();
            }
            throw e;
        }
    }

    private void step(Level level, Level.Sides sides, byte[] name) throws IOException, InterruptedException {
        if (LayerWriter.reserved(name)) {
            warn(level, name, "a name that a layer can't hold");
            return;
        }
        PathBytes path = level.path.child(name);
        Optional<Attributes> before = sides.lower() == null ? Optional.empty() : node(sides.lower(), name);
        Optional<Attributes> now = node(sides.upper(), name);
        if (now.isEmpty()) {
            if (before.isPresent()) {
                removed(path);
            }
        } else if (now.get().isDirectory()) {
            directory(level, sides, path, before, now.get());
        } else {
            other(level, sides, path, before, now.get());
        }
    }

    /// What a layer can hold under that name.
    private static Optional<Attributes> node(Dir dir, byte[] name) throws IOException {
        return dir.find(name)
                .filter(node -> node.type() != FileType.SOCKET)
                .filter(node ->
                        node.type() != FileType.CHARACTER_DEVICE || !node.rdev().equals(DeviceNumber.ZERO));
    }

    private void removed(PathBytes path) throws IOException, InterruptedException {
        parents();
        out.whiteout(path);
    }

    private void other(Level level, Level.Sides sides, PathBytes path, Optional<Attributes> before, Attributes now)
            throws IOException, InterruptedException {
        boolean split = level.hinted && before.isPresent() && before.get().links() > 1 && now.links() == 1;
        boolean changed = before.isEmpty() || split || !same(sides, path.base(), before.get(), now, level.hinted);
        Optional<PathBytes> first = links.first(now);
        if (first.isPresent()) {
            parents();
            out.link(path, first.get(), sides.upper(), now);
        } else if (changed) {
            parents();
            out.node(path, sides.upper(), now);
            for (PathBytes name : links.wrote(now, path)) {
                linkBack(name, path);
            }
        } else if (now.links() > 1) {
            links.unchanged(now, path);
        }
    }

    private boolean same(Level.Sides sides, byte[] name, Attributes before, Attributes now, boolean exact)
            throws IOException {
        return sides.lower() != null && same.test(name, sides.lower(), before, sides.upper(), now, exact);
    }

    /// Writes an unchanged name that was passed already as a link, with the directories above it: they may not be
    /// in the layer, and a layer that only implies them leaves their attributes to who applies it.
    private void linkBack(PathBytes name, PathBytes first) throws IOException, InterruptedException {
        Deque<PathBytes> above = new ArrayDeque<>();
        for (PathBytes at = name.parent(); !at.isRoot() && !extraParents.contains(at); at = at.parent()) {
            above.push(at);
        }
        for (PathBytes directory : above) {
            try (Dir parent = upper.openDir(directory.parent().bytes())) {
                out.directory(directory, parent, parent.stat(directory.base()));
            }
            budget.take(directory, directory.bytes().length);
            extraParents.add(directory);
        }
        try (Dir parent = upper.openDir(name.parent().bytes())) {
            out.link(name, first, parent, parent.stat(name.base()));
        }
    }

    private void directory(Level level, Level.Sides sides, PathBytes path, Optional<Attributes> before, Attributes now)
            throws IOException, InterruptedException {
        byte[] name = path.base();
        boolean merges = before.isPresent() && before.get().isDirectory();
        Upper.Kind kind =
                level.hinted && sides.hint() != null ? hint.orElseThrow().kind(sides.hint(), name) : Upper.Kind.UNKNOWN;
        boolean opaque = merges && (kind == Upper.Kind.OPAQUE || lostLongName(sides, name));
        Level below = new Level(path, now, merges && !opaque, merges && kind == Upper.Kind.MERGED && !opaque);
        if (opaque || !merges || !same(sides, name, before.orElseThrow(), now, false)) {
            parents();
            out.directory(path, sides.upper(), now);
            below.written = true;
        }
        if (opaque) {
            out.opaque(path);
        }
        enter(below);
    }

    private static boolean lostLongName(Level.Sides sides, byte[] name) throws IOException {
        if (sides.lower() == null) {
            return false;
        }
        try (Dir low = sides.lower().openChild(name);
                Dir up = sides.upper().openChild(name)) {
            return lostLongName(low, up);
        }
    }

    /// Whether a name went whose whiteout would be longer than a name may be: all of the directory is then
    /// written anew.
    private static boolean lostLongName(Dir low, Dir up) throws IOException {
        boolean[] lost = {false};
        low.forEach(entry -> {
            if (!lost[0]
                    && entry.name().length > LayerWriter.WHITEOUT_NAME_MAX
                    && node(low, entry.name()).isPresent()
                    && node(up, entry.name()).isEmpty()) {
                lost[0] = true;
            }
        });
        return lost[0];
    }

    /// Writes the directories on the way here that are not in the layer yet.
    private void parents() throws IOException, InterruptedException {
        for (Level level : levels) {
            if (!level.written) {
                try (Dir parent = upper.openDir(level.path.parent().bytes())) {
                    out.directory(level.path, parent, level.attributes);
                }
                level.written = true;
            }
        }
    }

    private void warn(Level level, byte[] name, String why) {
        if (!warned) {
            warned = true;
            LOG.atWarn()
                    .addKeyValue("path", level.path.child(name))
                    .addKeyValue("reason", why)
                    .log("Left out of the layer, as everything like it");
        }
    }
}
