package io.slipway.daemon.cli;

import io.slipway.api.slipway.v1.Finding;
import io.slipway.api.slipway.v1.ScrubProgress;
import io.slipway.api.slipway.v1.ScrubRequest;
import io.slipway.api.slipway.v1.ScrubResponse;
import io.slipway.api.slipway.v1.ScrubSummary;
import io.slipway.api.slipway.v1.StoreGrpcClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// `slipway scrub`: 0 when all blobs are what their digests say, 6 when some are not.
final class ScrubCommand implements Command {
    /// Off a terminal a line is written so often.
    private static final Duration LINE_EVERY = Duration.ofSeconds(30);

    private static final String RATE = "--rate";

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("scrub");
        spec.usageMessage().description("Reads every blob again now; bad ones are put aside and fetched again.");
        spec.addOption(OptionSpec.builder(RATE)
                .type(Integer.class)
                .paramLabel("MIB")
                .description("MiB read in a second at most; default: scrub_rate of the configuration")
                .build());
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session) throws CommandFailed, CallFailed, InterruptedException {
        int rate = arguments.matchedOptionValue(RATE, 0);
        if (rate < 0 || (rate == 0 && arguments.hasMatchedOption(RATE))) {
            throw new CommandFailed(
                    ExitCode.USAGE, "", RATE + " must be at least 1", "leave it out for the usual rate");
        }
        ScrubRequest request =
                ScrubRequest.newBuilder().setBytesPerSecond((long) rate << 20).build();
        List<Object> bad = new ArrayList<>();
        ScrubSummary summary = ScrubSummary.getDefaultInstance();
        try (Exchange<ScrubRequest, ScrubResponse> events =
                        session.connection().stream(StoreGrpcClient.Scrub, request);
                Shown shown = new Shown(session)) {
            Optional<ScrubResponse> event = events.next();
            while (event.isPresent()) {
                switch (event.get().getEventCase()) {
                    case PROGRESS -> shown.progress(event.get().getProgress());
                    case FINDING -> {
                        bad.add(json(event.get().getFinding()));
                        shown.bad(event.get().getFinding());
                    }
                    case SUMMARY -> summary = event.get().getSummary();
                    case EVENT_NOT_SET -> {
                        // Of a newer daemon.
                    }
                }
                event = events.next();
            }
        }
        session.result(
                Map.of(
                        "blobs", summary.getDone().getCount(),
                        "bytes", summary.getDone().getBytes(),
                        "bad", bad),
                summary.getDone().getCount() + " blobs, "
                        + Text.bytes(summary.getDone().getBytes()) + " read, " + summary.getBad() + " bad\n");
        return summary.getBad() == 0 ? ExitCode.OK.number() : ExitCode.BAD_DATA.number();
    }

    private static Object json(Finding finding) {
        return Map.of(
                "kind", finding.getKind().name().toLowerCase(Locale.ROOT),
                "object", finding.getObject(),
                "detail", finding.getDetail());
    }

    /// Progress on standard error, findings on standard output.
    private static final class Shown implements AutoCloseable {
        private final Session session;
        private final boolean live;
        private Instant next;
        private int width;

        Shown(Session session) {
            this.session = session;
            this.live = session.terminal().errIsTerminal();
            this.next = live ? Instant.EPOCH : session.clock().instant().plus(LINE_EVERY);
        }

        void progress(ScrubProgress progress) {
            Instant now = session.clock().instant();
            if (now.isBefore(next)) {
                return;
            }
            String text = progress.getDone().getCount() + " of "
                    + progress.getAll().getCount() + " blobs, "
                    + Text.bytes(progress.getDone().getBytes()) + " of "
                    + Text.bytes(progress.getAll().getBytes());
            if (live) {
                clear();
                session.terminal().err().print(text);
                width = text.length();
            } else {
                session.terminal().err().println(text);
                next = now.plus(LINE_EVERY);
            }
            session.terminal().err().flush();
        }

        void bad(Finding finding) {
            clear();
            if (!session.globals().json()) {
                session.terminal()
                        .out()
                        .println(Text.oneLine(finding.getObject() + ": "
                                + finding.getKind().name().toLowerCase(Locale.ROOT) + ": " + finding.getDetail()));
            }
        }

        private void clear() {
            if (width > 0) {
                session.terminal().err().print("\r" + " ".repeat(width) + "\r");
                width = 0;
            }
        }

        @Override
        public void close() {
            clear();
            session.terminal().err().flush();
        }
    }
}
