package io.slipway.daemon.cli;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// Takes back, last first, what was made so far, unless it is to stay. A step that fails does not stop the others.
/// Signals are not heard meanwhile. Main thread only.
final class Undo {
    /// One thing to take back.
    interface Step {
        void take() throws CommandFailed, CallFailed, IOException, InterruptedException;
    }

    private record Named(String what, Step step) {}

    private final Deque<Named> steps = new ArrayDeque<>();
    private final Signals signals;

    Undo(Signals signals) {
        this.signals = signals;
    }

    /// Something was made that `step` takes back; `what` names it where that fails.
    void push(String what, Step step) {
        steps.push(new Named(what, step));
    }

    /// All that was made stays.
    void forget() {
        steps.clear();
    }

    /// Takes everything back.
    ///
    /// @return what could not be taken back, with the reason
    List<String> takeBack() {
        List<String> left = new ArrayList<>();
        // A flag that is still up would fail the first call.
        boolean interrupted = Thread.interrupted();
        try (Signals.Subscription _ = signals.on(List.of("INT", "TERM", "HUP"), _ -> {})) {
            while (!steps.isEmpty()) {
                Named next = steps.pop();
                try {
                    next.step().take();
                } catch (CallFailed | CommandFailed | IOException | RuntimeException e) {
                    left.add(next.what() + " (" + e.getMessage() + ")");
                } catch (InterruptedException _) {
                    left.add(next.what());
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return left;
    }
}
