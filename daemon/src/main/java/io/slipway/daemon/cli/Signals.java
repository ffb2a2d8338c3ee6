package io.slipway.daemon.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Signals sent to this process, by name without `SIG`.
interface Signals {
    /// Ends a subscription and restores what was there before.
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }

    /// Calls `handler` on a thread of its own for each arrival of one of `names`; those that this machine or the JVM
    /// keeps for itself are passed over.
    Subscription on(List<String> names, Consumer<String> handler);

    int HANGUP = 1;
    int INTERRUPT = 2;
    int KILL = 9;
    int TERMINATE = 15;

    /// Numbers on x86-64 and arm64 (`asm-generic/signal.h`).
    Map<String, Integer> NUMBERS = Map.ofEntries(
            Map.entry("HUP", HANGUP),
            Map.entry("INT", INTERRUPT),
            Map.entry("QUIT", 3),
            Map.entry("ILL", 4),
            Map.entry("TRAP", 5),
            Map.entry("ABRT", 6),
            Map.entry("BUS", 7),
            Map.entry("FPE", 8),
            Map.entry("KILL", KILL),
            Map.entry("USR1", 10),
            Map.entry("SEGV", 11),
            Map.entry("USR2", 12),
            Map.entry("PIPE", 13),
            Map.entry("ALRM", 14),
            Map.entry("TERM", TERMINATE),
            Map.entry("STKFLT", 16),
            Map.entry("CHLD", 17),
            Map.entry("CONT", 18),
            Map.entry("STOP", 19),
            Map.entry("TSTP", 20),
            Map.entry("TTIN", 21),
            Map.entry("TTOU", 22),
            Map.entry("URG", 23),
            Map.entry("XCPU", 24),
            Map.entry("XFSZ", 25),
            Map.entry("VTALRM", 26),
            Map.entry("PROF", 27),
            Map.entry("WINCH", 28),
            Map.entry("IO", 29),
            Map.entry("PWR", 30),
            Map.entry("SYS", 31));

    int NUMBER_MAX = 64;

    /// The number of a signal given as `9`, `KILL` or `SIGKILL`, in any case; also `RTMIN+n` and `RTMAX-n`.
    static OptionalInt number(String text) {
        String name = text.toUpperCase(Locale.ROOT);
        if (name.matches("[0-9]{1,2}")) {
            int number = Integer.parseInt(name);
            return number >= 1 && number <= NUMBER_MAX ? OptionalInt.of(number) : OptionalInt.empty();
        }
        if (name.startsWith("SIG")) {
            name = name.substring(3);
        }
        if (name.matches("RTMIN(\\+[0-9]{1,2})?|RTMAX(-[0-9]{1,2})?")) {
            int offset = name.length() > 5 ? Integer.parseInt(name.substring(5)) : 0;
            int number = name.startsWith("RTMIN") ? 34 + offset : NUMBER_MAX + offset;
            return number >= 34 && number <= NUMBER_MAX ? OptionalInt.of(number) : OptionalInt.empty();
        }
        Integer number = NUMBERS.get(name);
        return number == null ? OptionalInt.empty() : OptionalInt.of(number);
    }

    /// All names, for messages.
    static String names() {
        return String.join(", ", new TreeMap<>(NUMBERS).keySet());
    }
}
