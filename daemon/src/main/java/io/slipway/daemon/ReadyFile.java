package io.slipway.daemon;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.slf4j.Logger;

/// What `<state>/ready.json` says once every enabled role answers: where everything is. There only while
/// that is so.
///
/// @param address path of the gRPC socket, empty without the role api
/// @param ttrpc path of the ttrpc socket, empty without the role runtime
/// @param mirror the mirror's addresses with the ports that were picked
/// @param metrics `HOST:PORT`, empty when switched off
/// @param ms from the start of the process to now
record ReadyFile(
        long pid,
        String version,
        String address,
        String ttrpc,
        List<String> mirror,
        String metrics,
        List<String> roles,
        long ms) {
    static final String NAME = "ready.json";

    String json() {
        return new JsonObject()
                        .put("pid", pid)
                        .put("version", version)
                        .put("address", address)
                        .put("ttrpc", ttrpc)
                        .put("mirror", new JsonArray(mirror))
                        .put("metrics", metrics)
                        .put("roles", new JsonArray(roles))
                        .put("ms", ms)
                        .encode()
                + "\n";
    }

    /// Appears whole or not at all.
    void write(Path state) throws IOException {
        Path aside = state.resolve(NAME + ".new");
        Files.writeString(aside, json());
        Files.move(aside, state.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
    }

    void log(Logger log) {
        log.atInfo()
                .addKeyValue("pid", pid)
                .addKeyValue("version", version)
                .addKeyValue("address", address)
                .addKeyValue("ttrpc", ttrpc)
                .addKeyValue("mirror", mirror)
                .addKeyValue("metrics", metrics)
                .addKeyValue("roles", roles)
                .addKeyValue("ms", ms)
                .log("slipwayd ready");
    }
}
