package io.slipway.cas;

import java.nio.file.Path;
import java.time.Instant;

/// That the database of this store had to be replaced, and what came of it.
///
/// @param at when
/// @param why what was wrong with the one before
/// @param base what the present one began as
/// @param found things that the last copy did not know and that were found again
/// @param lost things that could not be
/// @param report where all of them are listed
public record Recovery(Instant at, String why, String base, long found, long lost, Path report) {}
