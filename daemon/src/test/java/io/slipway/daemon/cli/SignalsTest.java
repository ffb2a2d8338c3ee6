package io.slipway.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SignalsTest {
    @ParameterizedTest
    @CsvSource({"9,9", "KILL,9", "SIGKILL,9", "sigterm,15", "64,64", "RTMIN,34", "RTMIN+1,35", "RTMAX-1,63", "RTMAX,64"
    })
    void namesAndNumbersAreRead(String text, int number) {
        assertThat(Signals.number(text)).isEqualTo(OptionalInt.of(number));
    }

    @ParameterizedTest
    @CsvSource({"0", "65", "-9", "NOPE", "SIG", "RTMIN+99", "RTMIN-1", "9x", "''"})
    void everythingElseIsRefused(String text) {
        assertThat(Signals.number(text)).isEmpty();
    }

    @Test
    void theJvmDeliversSignalsToTheNewestSubscriptionAndThenToTheOneBefore() throws Exception {
        LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
        JvmSignals signals = new JvmSignals();
        // SIGWINCH, because its default is to do nothing should the subscription fail.
        try (Signals.Subscription _ = signals.on(List.of("WINCH"), name -> heard.add("outer " + name))) {
            try (Signals.Subscription _ = signals.on(List.of("WINCH", "QUIT"), name -> heard.add("inner " + name))) {
                raise();
                assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("inner WINCH");
            }
            raise();
            assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("outer WINCH");
        }
    }

    private static void raise() throws Exception {
        long pid = ProcessHandle.current().pid();
        new ProcessBuilder("kill", "-WINCH", Long.toString(pid)).start().waitFor();
    }
}
