package io.slipway.linux;

import static io.slipway.linux.Bytes.b;
import static io.slipway.linux.Bytes.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What a walk by [DirCursor] shows, whatever the file system.
abstract class DirCursorContract {
    private static final int NAMES = 10_000;

    private interface Step {
        void at(byte[] name) throws IOException;
    }

    /// Two empty directories on the same file system.
    abstract Dir walked();

    abstract Dir other();

    private void fill() throws IOException {
        for (int i = 0; i < NAMES; i++) {
            walked().createFile(b("name-" + i), 0600).close();
        }
    }

    private List<String> walk(Step step) throws IOException {
        DirCursor cursor = new DirCursor();
        List<String> shown = new ArrayList<>();
        Optional<Entry> next = cursor.next(walked());
        while (next.isPresent()) {
            shown.add(text(next.get().name()));
            step.at(next.get().name());
            next = cursor.next(walked());
        }
        assertThat(cursor.next(walked())).isEmpty();
        return shown;
    }

    private static List<String> all() {
        return IntStream.range(0, NAMES).mapToObj(i -> "name-" + i).toList();
    }

    @Test
    void showsEachNameOnce() throws IOException {
        fill();
        assertThat(walk(_ -> {})).containsExactlyInAnyOrderElementsOf(all());
    }

    @Test
    void showsEachNameOnceWhenThoseShownAreRemoved() throws IOException {
        fill();
        assertThat(walk(walked()::unlink)).containsExactlyInAnyOrderElementsOf(all());
        assertThat(walked().list()).isEmpty();
    }

    @Test
    void showsEachNameOnceWhenThoseShownMoveAway() throws IOException {
        fill();
        assertThat(walk(name -> walked().rename(name, other(), name))).containsExactlyInAnyOrderElementsOf(all());
        assertThat(other().list()).hasSize(NAMES);
    }

    @Test
    void showsNothingOfAnEmptyDirectory() throws IOException {
        assertThat(walk(_ -> {})).isEmpty();
    }

    @Test
    void aListingShowsEachNameOnceWhenThoseShownAreRemoved() throws IOException {
        fill();
        List<String> shown = new ArrayList<>();
        walked().forEach(entry -> {
            shown.add(text(entry.name()));
            walked().unlink(entry.name());
        });
        assertThat(shown).containsExactlyInAnyOrderElementsOf(all());
    }
}
