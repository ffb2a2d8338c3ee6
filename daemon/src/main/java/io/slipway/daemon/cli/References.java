package io.slipway.daemon.cli;

import io.slipway.puller.ImageReference;
import io.slipway.puller.Platform;

/// Reads what users write for images and platforms.
final class References {
    private References() {}

    static ImageReference image(String text) throws CommandFailed {
        try {
            return ImageReference.parse(text);
        } catch (IllegalArgumentException e) {
            CommandFailed failed = new CommandFailed(
                    ExitCode.USAGE,
                    text,
                    String.valueOf(e.getMessage()),
                    "write it as [HOST[:PORT]/]NAME[:TAG][@DIGEST]");
            failed.initCause(e);
            throw failed;
        }
    }

    static Platform platform(String text) throws CommandFailed {
        if (text.isEmpty()) {
            return Platform.host();
        }
        try {
            return Platform.parse(text);
        } catch (IllegalArgumentException e) {
            CommandFailed failed = new CommandFailed(
                    ExitCode.USAGE, "", String.valueOf(e.getMessage()), "write --platform linux/amd64");
            failed.initCause(e);
            throw failed;
        }
    }

    /// What a user can do about a failed pull, where the daemon did not say.
    static CommandFailed pullFailed(String reference, CallFailed failure) {
        String todo = switch (failure.status()) {
            case NOT_FOUND -> "check its name and tag";
            case UNAUTHENTICATED, PERMISSION_DENIED ->
                "give credentials with --user, or check that this account may read it";
            case UNAVAILABLE, DEADLINE_EXCEEDED ->
                "check the registry and the network, then pull again (what has arrived is kept)";
            case DATA_LOSS -> "nothing of it was kept; pull again or tell the registry's operator";
            case RESOURCE_EXHAUSTED -> "free some space and pull again";
            case INVALID_ARGUMENT -> "write it as [HOST[:PORT]/]NAME[:TAG][@DIGEST]";
            default -> "see the daemon's log";
        };
        return failure.aboutReference(reference, todo);
    }
}
