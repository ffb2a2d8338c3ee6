package io.slipway.snapshotter.layer;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A program that turns layers of some media types into those of another one: it reads the layer from its standard
/// input, writes what it makes of it to its standard output, and finds its payload (a `google.protobuf.Any`, or
/// nothing) on descriptor 3. As in containerd's `[stream_processors]`.
///
/// @param accepts media types it reads
/// @param returns the media type it writes
/// @param path absolute
/// @param env variables it gets besides those that every one gets
public record StreamProcessor(
        String id, List<String> accepts, String returns, Path path, List<String> args, Map<String, String> env) {
    public StreamProcessor {
        accepts = List.copyOf(accepts);
        args = List.copyOf(args);
        env = Map.copyOf(env);
    }
}
