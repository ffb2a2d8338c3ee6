package io.slipway.daemon.cli;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// Who a container's process runs as.
///
/// @param uid user
/// @param gid group
/// @param groups supplementary groups; the primary one is among them, as a process whose supplementary list lacks it
///     could escape a file mode that denies its own group
record ContainerUser(long uid, long gid, List<Long> groups) {
    private static final long ID_MAX = Integer.MAX_VALUE;

    ContainerUser {
        groups = List.copyOf(groups);
    }

    /// A user or group that is not in the image.
    static final class Unknown extends Exception {
        private static final long serialVersionUID = 1L;

        Unknown(String message) {
            super(message);
        }
    }

    private record PasswdEntry(String name, long uid, long gid) {}

    private record GroupEntry(String name, long gid, List<String> members) {}

    /// Resolves `[USER][:GROUP]`, names or numbers, with Docker's rules: no user is 0; a user found in `passwd` brings
    /// its primary group and the groups that list it, one that is only a number has group 0; a group given replaces
    /// all of those. Lines of the two files that don't parse are skipped, as the C library does.
    ///
    /// @param spec as in `run -u` and the image's configuration
    /// @param passwd content of /etc/passwd, empty when there is none
    /// @param group content of /etc/group, likewise
    static ContainerUser resolve(String spec, byte[] passwd, byte[] group) throws Unknown {
        int colon = spec.indexOf(':');
        String userPart = colon < 0 ? spec : spec.substring(0, colon);
        String groupPart = colon < 0 ? "" : spec.substring(colon + 1);
        String wanted = userPart.isEmpty() ? "0" : userPart;
        OptionalLong number = number(wanted);
        Optional<PasswdEntry> entry = users(passwd)
                .filter(e -> e.name().equals(wanted) || (number.isPresent() && e.uid() == number.getAsLong()))
                .findFirst();
        if (entry.isEmpty() && number.isEmpty()) {
            throw new Unknown("no user \"" + wanted + "\" in the image's /etc/passwd");
        }
        long uid = entry.map(PasswdEntry::uid).orElseGet(number::getAsLong);
        long gid = entry.map(PasswdEntry::gid).orElse(0L);
        Set<Long> groups = new LinkedHashSet<>();
        if (!groupPart.isEmpty()) {
            gid = group(groupPart, group);
            groups.add(gid);
        } else {
            groups.add(gid);
            String name = entry.map(PasswdEntry::name).orElse("");
            groups(group)
                    .filter(e -> !name.isEmpty() && e.members().contains(name))
                    .forEach(e -> groups.add(e.gid()));
        }
        return new ContainerUser(uid, gid, new ArrayList<>(groups));
    }

    /// Resolves a specification of numbers only, for images whose files cannot be read.
    static Optional<ContainerUser> ofNumbers(String spec) {
        try {
            return Optional.of(resolve(spec, new byte[0], new byte[0]));
        } catch (Unknown _) {
            return Optional.empty();
        }
    }

    private static long group(String wanted, byte[] file) throws Unknown {
        OptionalLong number = number(wanted);
        Optional<GroupEntry> entry = groups(file)
                .filter(e -> e.name().equals(wanted) || (number.isPresent() && e.gid() == number.getAsLong()))
                .findFirst();
        if (entry.isPresent()) {
            return entry.get().gid();
        }
        return number.orElseThrow(() -> new Unknown("no group \"" + wanted + "\" in the image's /etc/group"));
    }

    private static java.util.stream.Stream<PasswdEntry> users(byte[] file) {
        return lines(file).mapMulti((line, sink) -> {
            String[] fields = line.split(":", -1);
            if (fields.length >= 4) {
                OptionalLong uid = number(fields[2]);
                OptionalLong gid = number(fields[3]);
                if (uid.isPresent() && gid.isPresent()) {
                    sink.accept(new PasswdEntry(fields[0], uid.getAsLong(), gid.getAsLong()));
                }
            }
        });
    }

    private static java.util.stream.Stream<GroupEntry> groups(byte[] file) {
        return lines(file).mapMulti((line, sink) -> {
            String[] fields = line.split(":", -1);
            if (fields.length >= 4) {
                OptionalLong gid = number(fields[2]);
                if (gid.isPresent()) {
                    sink.accept(new GroupEntry(fields[0], gid.getAsLong(), List.of(fields[3].split(",", -1))));
                }
            }
        });
    }

    // Bytes to characters one to one: names need not be UTF-8, they are only compared.
    private static java.util.stream.Stream<String> lines(byte[] file) {
        return new String(file, StandardCharsets.ISO_8859_1)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"));
    }

    private static OptionalLong number(String text) {
        if (!text.matches("[0-9]{1,10}")) {
            return OptionalLong.empty();
        }
        long number = Long.parseLong(text);
        return number <= ID_MAX ? OptionalLong.of(number) : OptionalLong.empty();
    }
}
