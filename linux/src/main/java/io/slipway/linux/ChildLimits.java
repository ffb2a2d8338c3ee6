package io.slipway.linux;

import java.util.OptionalInt;
import java.util.OptionalLong;

/// What every child gets back that this process changed for itself.
///
/// @param softOpenFiles the soft RLIMIT_NOFILE (the JVM raises its own to the hard one); empty leaves it
/// @param oomScoreAdj the oom_score_adj, -1000 to 1000; empty leaves it; clamped where the kernel would refuse
public record ChildLimits(OptionalLong softOpenFiles, OptionalInt oomScoreAdj) {
    /// Children get what this process has.
    public static final ChildLimits UNCHANGED = new ChildLimits(OptionalLong.empty(), OptionalInt.empty());

    public ChildLimits {
        if (softOpenFiles.isPresent() && softOpenFiles.getAsLong() < 3) {
            throw new IllegalArgumentException("open files " + softOpenFiles.getAsLong());
        }
        if (oomScoreAdj.isPresent() && Math.abs(oomScoreAdj.getAsInt()) > 1000) {
            throw new IllegalArgumentException("oom_score_adj " + oomScoreAdj.getAsInt());
        }
    }
}
