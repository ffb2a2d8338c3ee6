package io.slipway.linux;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Which users and groups of the host stand for those of a container (user_namespaces(7)).
///
/// @param uids in the order given
/// @param gids likewise
public record IdMapping(List<Range> uids, List<Range> gids) {
    /// Nothing is mapped: ids are what they are.
    public static final IdMapping NONE = new IdMapping(List.of(), List.of());

    /// Lines that the kernel takes in one map (user_namespaces(7)).
    private static final int RANGES_MAX = 340;

    /// Ids are below 2^32 - 1, which stands for no id.
    private static final long ID_END = 0xffff_ffffL;

    private static final Pattern RANGE = Pattern.compile("(\\d{1,10}):(\\d{1,10}):(\\d{1,10})");

    /// Ids that follow each other.
    ///
    /// @param container the first one inside
    /// @param host the one outside that stands for it
    /// @param size how many
    public record Range(long container, long host, long size) {
        Range inverted() {
            return new Range(/* container= */ host, /* host= */ container, size);
        }

        @Override
        public String toString() {
            return container + ":" + host + ":" + size;
        }
    }

    public IdMapping {
        uids = List.copyOf(uids);
        gids = List.copyOf(gids);
    }

    /// Reads `container:host:size[,container:host:size...]`, as containerd and nerdctl write it.
    ///
    /// @throws IllegalArgumentException says in one sentence what the kernel could not be told
    public static IdMapping parse(String uids, String gids) {
        return new IdMapping(ranges("user", uids), ranges("group", gids));
    }

    public boolean isEmpty() {
        return uids.isEmpty() && gids.isEmpty();
    }

    /// The host's user behind the container's root.
    ///
    /// @throws IllegalArgumentException it has none
    public long rootUser() {
        return root("user", uids);
    }

    /// The host's group behind the container's group 0.
    ///
    /// @throws IllegalArgumentException it has none
    public long rootGroup() {
        return root("group", gids);
    }

    /// The way back.
    IdMapping inverted() {
        return new IdMapping(
                uids.stream().map(Range::inverted).toList(),
                gids.stream().map(Range::inverted).toList());
    }

    /// The users as [#parse] reads them.
    public String uidText() {
        return text(uids);
    }

    /// The groups as [#parse] reads them.
    public String gidText() {
        return text(gids);
    }

    private static String text(List<Range> ranges) {
        return ranges.stream().map(Range::toString).collect(Collectors.joining(","));
    }

    private static long root(String what, List<Range> ranges) {
        return ranges.stream()
                .filter(range -> range.container() == 0)
                .findFirst()
                .map(Range::host)
                .orElseThrow(() -> new IllegalArgumentException(
                        what + " id mapping \"" + text(ranges) + "\" does not say what the container's 0 is"));
    }

    private static List<Range> ranges(String what, String text) {
        List<Range> ranges = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            ranges.add(range(what, text, part));
        }
        if (ranges.size() > RANGES_MAX) {
            throw wrong(what, text, "has more than " + RANGES_MAX + " ranges");
        }
        requireApart(what, text, ranges);
        requireApart(what, text, ranges.stream().map(Range::inverted).toList());
        return ranges;
    }

    private static Range range(String what, String text, String part) {
        Matcher m = RANGE.matcher(part);
        if (!m.matches()) {
            throw wrong(what, text, "is not container:host:size[,container:host:size...] in decimal numbers");
        }
        Range range = new Range(Long.parseLong(m.group(1)), Long.parseLong(m.group(2)), Long.parseLong(m.group(3)));
        if (range.size() == 0 || Math.max(range.container(), range.host()) + range.size() > ID_END) {
            throw wrong(what, text, "has a range that is empty or goes beyond " + (ID_END - 1) + ", " + part);
        }
        return range;
    }

    private static void requireApart(String what, String text, List<Range> ranges) {
        List<Range> sorted = ranges.stream()
                .sorted(Comparator.comparingLong(Range::container))
                .toList();
        for (int i = 1; i < sorted.size(); i++) {
            Range before = sorted.get(i - 1);
            if (before.container() + before.size() > sorted.get(i).container()) {
                throw wrong(what, text, "maps an id twice");
            }
        }
    }

    private static IllegalArgumentException wrong(String what, String text, String why) {
        String shown = text.length() > 100 ? text.substring(0, 100) + "..." : text;
        return new IllegalArgumentException(what + " id mapping \"" + shown + "\" " + why);
    }
}
