package io.slipway.snapshotter.diff;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.snapshotter.layer.PathBytes;
import java.util.Arrays;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A directory on the way down.
final class Level implements AutoCloseable {
    final PathBytes path;
    final Attributes attributes;

    /// Whether a lower tree, and the hint of an upper directory, go on here.
    final boolean lower;

    final boolean hinted;
    final NavigableSet<byte[]> names = new TreeSet<>(Arrays::compareUnsigned);

    /// What its names took of the budget.
    long cost;

    boolean written;
    private @Nullable Sides sides;

    Level(PathBytes path, Attributes attributes, boolean lower, boolean hinted) {
        this.path = path;
        this.attributes = attributes;
        this.lower = lower;
        this.hinted = hinted;
    }

    @Nullable
    Sides sides() {
        return sides;
    }

    void open(Sides opened) {
        close();
        sides = opened;
    }

    /// Gives the descriptors back; they are opened again by path when the walk returns.
    @Override
    public void close() {
        Sides open = sides;
        sides = null;
        if (open != null) {
            open.close();
        }
    }

    /// The same directory in the trees that have it.
    record Sides(@Nullable Dir lower, Dir upper, @Nullable Dir hint) implements AutoCloseable {
        @Override
        public void close() {
            if (lower != null) {
                lower.close();
            }
            upper.close();
            if (hint != null) {
                hint.close();
            }
        }
    }
}
