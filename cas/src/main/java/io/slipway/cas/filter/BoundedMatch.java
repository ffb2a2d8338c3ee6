package io.slipway.cas.filter;

import io.slipway.cas.ApiException;
import java.util.regex.Pattern;

/// Unanchored search with a bound on its work: java.util.regex backtracks where RE2 (which clients count on)
/// does not, so an expression that would run for very long is refused instead of holding a thread.
final class BoundedMatch {

    /// Characters looked at in one search. Ordinary expressions look at each a few times.
    private static final int MAX_STEPS = 1_000_000;

    private BoundedMatch() {}

    static boolean find(Pattern pattern, String value) {
        try {
            return pattern.matcher(new Counted(value, new Steps(), 0, value.length()))
                    .find();
        } catch (OutOfSteps | StackOverflowError _) {
            throw ApiException.invalid("filters: regular expression \"" + pattern + "\" takes too long");
        }
    }

    private static final class OutOfSteps extends RuntimeException {
        private static final long serialVersionUID = 1L;

        OutOfSteps() {
            super(null, null, false, false);
        }
    }

    private static final class Steps {
        private int left = MAX_STEPS;

        void take() {
            if (--left < 0) {
                throw new OutOfSteps();
            }
        }
    }

    private record Counted(String value, Steps steps, int from, int to) implements CharSequence {

        @Override
        public int length() {
            return to - from;
        }

        @Override
        public char charAt(int index) {
            steps.take();
            return value.charAt(from + index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return new Counted(value, steps, from + start, from + end);
        }

        @Override
        public String toString() {
            return value.substring(from, to);
        }
    }
}
