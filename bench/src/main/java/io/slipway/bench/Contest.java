package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/// The same work done by several entrants in one run on one machine.
///
/// Each round gives every entrant an empty root on the same file system, in alternating order; roots are removed by the
/// caller, only after the last round, because ext4 delays the reuse of inodes and re-created trees would measure that.
///
/// @param title of the table
/// @param entrants the first is ours; ratios are to each of the others
/// @param work where roots are made
/// @param entries files and directories that each run makes, for files/s
record Contest(String title, List<Entrant> entrants, Path work, long entries) {
    /// Who takes part.
    interface Entrant {
        /// How the table names it.
        String name();

        /// Does the work once below `root`, which is empty and its own.
        Measured once(Path root) throws IOException, InterruptedException;
    }

    Contest {
        entrants = List.copyOf(entrants);
    }

    /// Runs it and prints each run on standard error, the table on standard output.
    void run(int rounds) throws IOException, InterruptedException {
        Map<Entrant, List<Measured>> results = new LinkedHashMap<>();
        entrants.forEach(entrant -> results.put(entrant, new ArrayList<>()));
        for (int round = 0; round < rounds; round++) {
            for (Entrant entrant : round % 2 == 0 ? entrants : entrants.reversed()) {
                Path root = Files.createTempDirectory(work, "root-");
                Measured measured = entrant.once(root);
                System.err.printf(
                        "round %d %-24s %6.2f s  %6.2f CPU s  %4d MiB%n",
                        round + 1,
                        entrant.name(),
                        measured.wallSeconds(),
                        measured.cpuSeconds(),
                        measured.peakBytes() >> 20);
                results.getOrDefault(entrant, List.of()).add(measured);
            }
        }
        print(results);
    }

    private void print(Map<Entrant, List<Measured>> results) {
        System.out.println();
        System.out.println("| " + title + " | wall s | CPU s | peak MiB | files/s |");
        System.out.println("| --- | --- | --- | --- | --- |");
        results.forEach((entrant, runs) -> System.out.printf(
                "| %s, median of %d | %.2f | %.2f | %.0f | %.0f |%n",
                entrant.name(),
                runs.size(),
                median(runs, Measured::wallSeconds),
                median(runs, Measured::cpuSeconds),
                median(runs, run -> run.peakBytes() / 1048576.0),
                entries / median(runs, Measured::wallSeconds)));
        List<Measured> ours = results.getOrDefault(entrants.getFirst(), List.of());
        for (Entrant other : entrants.subList(1, entrants.size())) {
            List<Measured> theirs = results.getOrDefault(other, List.of());
            System.out.printf(
                    "| ratio to %s | %.2f | %.2f | %.2f | %.2f |%n",
                    other.name(),
                    ratio(ours, theirs, Measured::wallSeconds),
                    ratio(ours, theirs, Measured::cpuSeconds),
                    ratio(ours, theirs, Measured::peakBytes),
                    1 / ratio(ours, theirs, Measured::wallSeconds));
        }
    }

    private static double ratio(List<Measured> ours, List<Measured> theirs, ToDoubleFunction<Measured> figure) {
        return median(ours, figure) / median(theirs, figure);
    }

    private static double median(List<Measured> runs, ToDoubleFunction<Measured> figure) {
        double[] sorted = runs.stream().mapToDouble(figure).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
