package io.slipway.puller.hosts;

import io.slipway.puller.hosts.TlsFiles.ClientFiles;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// Certificates the way Docker lays them out: every `*.crt` is an authority, every `*.cert` a client certificate with
/// `<same name>.key`, or with the key inside (specs: hosts-toml 4).
final class DockerStyleFiles {
    /// More files than this in one directory are not certificates of one registry.
    private static final int FILES_MAX = 256;

    private DockerStyleFiles() {}

    static TlsFiles in(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return TlsFiles.DEFAULT;
        }
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*.{crt,cert}")) {
            for (Path entry : entries) {
                if (files.size() == FILES_MAX) {
                    throw new IOException(directory + " holds more than " + FILES_MAX + " certificate files");
                }
                if (Files.isRegularFile(entry)) {
                    files.add(entry);
                }
            }
        }
        Collections.sort(files);
        List<Path> authorities = new ArrayList<>();
        List<ClientFiles> clients = new ArrayList<>();
        for (Path file : files) {
            String name = String.valueOf(file.getFileName());
            if (name.endsWith(".crt")) {
                authorities.add(file);
            } else {
                Path key = file.resolveSibling(name.substring(0, name.length() - ".cert".length()) + ".key");
                clients.add(new ClientFiles(file, Files.exists(key) ? Optional.of(key) : Optional.empty()));
            }
        }
        return new TlsFiles(authorities, clients, false);
    }
}
