package io.slipway.snapshotter.layer;

import io.slipway.cas.ApiException;
import io.slipway.cas.Descriptor;
import io.slipway.linux.ChildSpec;
import io.slipway.linux.Filter;
import io.slipway.linux.Spawner;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The programs that layers of media types we don't know go through. Thread-safe.
public final class StreamProcessors {
    /// Processes per layer at most.
    public static final int CHAIN_MAX = 8;

    /// A processor that neither reads nor writes for so long, though there is something to read, is given up.
    public static final Duration STALL = Duration.ofSeconds(60);

    /// Variables of ours that processors see. ocicrypt's names the file with its key providers.
    private static final Set<String> ENVIRONMENT_PASSED =
            Set.of("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "OCICRYPT_KEYPROVIDER_CONFIG");

    /// As containerd calls it.
    private static final String MEDIA_TYPE_VARIABLE = "STREAM_PROCESSOR_MEDIATYPE";

    private static final int ERRORS_MAX_BYTES = 4096;
    private static final byte[] NOTHING = {};

    /// Without any. Below what its constructor needs.
    public static final StreamProcessors NONE = new StreamProcessors(List.of(), Optional.empty(), Map.of(), STALL);

    private final List<StreamProcessor> processors;
    private final Optional<Spawner> spawner;
    private final Map<String, String> environment;
    private final Duration stall;

    private StreamProcessors(
            List<StreamProcessor> processors,
            Optional<Spawner> spawner,
            Map<String, String> environment,
            Duration stall) {
        this.processors = List.copyOf(processors);
        this.spawner = spawner;
        Map<String, String> passed = new HashMap<>(environment);
        passed.keySet().retainAll(ENVIRONMENT_PASSED);
        this.environment = Map.copyOf(passed);
        this.stall = stall;
    }

    /// @param processors where several accept a type, the last one has it
    /// @param environment of the daemon, of which an allow-list reaches processors
    /// @param stall see [#STALL]
    public static StreamProcessors of(
            List<StreamProcessor> processors, Spawner spawner, Map<String, String> environment, Duration stall) {
        return new StreamProcessors(processors, Optional.of(spawner), environment, stall);
    }

    /// What layers of that type go through, first to last, until their type is one that we know; nothing for such a
    /// one.
    ///
    /// @throws ApiException UNIMPLEMENTED when no chain leads to one
    List<StreamProcessor> chain(String mediaType) {
        List<StreamProcessor> chain = new ArrayList<>();
        String type = mediaType;
        while (!Compression.isKnown(type)) {
            StreamProcessor next = accepting(type, mediaType);
            if (chain.contains(next) || chain.size() == CHAIN_MAX) {
                throw refused(mediaType, "the stream processors that accept it lead to no type that can");
            }
            chain.add(next);
            type = next.returns();
        }
        return chain;
    }

    private StreamProcessor accepting(String type, String mediaType) {
        return processors.reversed().stream()
                .filter(processor -> processor.accepts().contains(type))
                .findFirst()
                .orElseThrow(() -> refused(mediaType, "no stream processor accepts \"" + type + "\""));
    }

    private static ApiException refused(String mediaType, String why) {
        return new ApiException(
                ApiException.Code.UNIMPLEMENTED,
                "layer media type \"" + mediaType + "\" can't be unpacked: " + why
                        + "; see [stream_processors] in the configuration");
    }

    /// Starts the chain of a layer and feeds it. Closing what is returned ends it, and closes `bytes`.
    ///
    /// @param payloads by the id of their processor, each a `google.protobuf.Any`
    LayerBytes process(
            List<StreamProcessor> chain,
            Descriptor layer,
            LayerBytes bytes,
            Map<String, byte[]> payloads,
            Buffers buffers)
            throws IOException {
        LayerBytes last = bytes;
        String type = layer.mediaType();
        try {
            for (StreamProcessor processor : chain) {
                byte[] payload = payloads.get(processor.id());
                Filter filter = start(processor, type, payload == null ? ownPayload(processor, layer) : payload);
                last = new ProcessedBytes(processor, filter, last, buffers, stall);
                type = processor.returns();
            }
            return last;
        } catch (IOException | RuntimeException | Error e) {
            last.close();
            throw e;
        }
    }

    private static byte[] ownPayload(StreamProcessor processor, Descriptor layer) {
        return OcicryptPayload.isFor(processor.id()) ? OcicryptPayload.of(layer) : NOTHING;
    }

    private Filter start(StreamProcessor processor, String mediaType, byte[] payload) throws IOException {
        Map<String, String> variables = new HashMap<>(environment);
        variables.putAll(processor.env());
        variables.put(MEDIA_TYPE_VARIABLE, mediaType);
        List<String> command = new ArrayList<>();
        command.add(processor.path().toString());
        command.addAll(processor.args());
        ChildSpec spec =
                ChildSpec.of(command).environment(variables).payload(payload).deadline(Duration.ZERO);
        try {
            return spawner.orElseThrow().filter(spec, ERRORS_MAX_BYTES);
        } catch (IOException e) {
            throw new ProcessorException(
                    "stream processor \"" + processor.id() + "\" can't be started: " + e.getMessage(), e);
        }
    }
}
