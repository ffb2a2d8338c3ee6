package io.slipway.daemon;

import java.nio.file.Path;

/// For the person who started the daemon by hand: where things are and one line each to try.
final class Hints {
    private Hints() {}

    /// @param home the installation, whose programs need not be in anybody's PATH
    static void print(ReadyFile ready, Path home, Console console) {
        if (!ready.address().isEmpty()) {
            console.hint("socket   " + ready.address());
            console.hint("         " + home.resolve("bin/slipway") + " --address " + ready.address()
                    + " pull docker.io/library/busybox:latest");
        }
        for (String mirror : ready.mirror()) {
            console.hint("mirror   " + mirror);
            if (!mirror.startsWith("unix:")) {
                console.hint("         skopeo inspect --tls-verify=false docker://" + mirror
                        + "/docker.io/library/busybox:latest");
            }
        }
        if (!ready.metrics().isEmpty()) {
            console.hint("metrics  http://" + ready.metrics() + "/v1/metrics");
            console.hint("         curl http://" + ready.metrics() + "/readyz");
        }
    }
}
