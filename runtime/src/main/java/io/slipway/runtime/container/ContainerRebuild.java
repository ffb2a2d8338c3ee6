package io.slipway.runtime.container;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.cas.Identifier;
import io.slipway.cas.Metadata.Notes;
import io.slipway.cas.Metadata.Rebuild;
import io.slipway.cas.Namespaces;
import io.slipway.runtime.shim.Bundle;
import io.slipway.runtime.shim.Bundles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Makes the records of containers again whose tasks are there but which the database does not know, or knows as they
/// were before: from the copy of the record in the bundle, or from what else lies in it.
final class ContainerRebuild implements Rebuild {
    private static final String SPEC_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
    private static final String BINARY_PREFIX = "containerd-shim-";

    /// Larger records are refused when they are made.
    private static final long FILE_BYTES_MAX = 16L << 20;

    private final Bundles bundles;
    private final Namespaces namespaces;
    private final Clock clock;

    ContainerRebuild(Bundles bundles, Namespaces namespaces, Clock clock) {
        this.bundles = bundles;
        this.namespaces = namespaces;
        this.clock = clock;
    }

    @Override
    public void run(Connection connection, Notes notes) throws SQLException {
        List<Bundle> existing;
        try {
            existing = bundles.existing();
        } catch (IOException e) {
            notes.lost("containers with tasks: their bundles can't be listed: " + e.getMessage());
            return;
        }
        for (Bundle bundle : existing) {
            try {
                make(connection, notes, bundle);
            } catch (IOException | RuntimeException e) {
                notes.lost("container " + bundle.id() + " (" + bundle.namespace() + "): " + e.getMessage());
            }
        }
    }

    private void make(Connection connection, Notes notes, Bundle bundle) throws SQLException, IOException {
        Identifier.check(bundle.id());
        Optional<Container> known = Containers.select(connection, bundle.namespace(), bundle.id());
        Optional<Container> kept = kept(bundle);
        if (known.isPresent() && (kept.isEmpty() || !isNewer(kept.get(), known.get()))) {
            return;
        }
        Optional<Container> made = kept.isPresent() ? kept : composed(bundle);
        if (made.isEmpty()) {
            return; // a task that was just being made; loading tasks removes it
        }
        namespaces.ensure(connection, bundle.namespace());
        Containers.store(connection, bundle.namespace(), made.get());
        notes.found("container " + bundle.id() + " (" + bundle.namespace() + "), "
                + (kept.isPresent() ? "as it was when its task was made" : "without image, snapshot and labels"));
    }

    /// The database may know an earlier container of that name.
    private static boolean isNewer(Container one, Container other) {
        return instant(one.getUpdatedAt()).isAfter(instant(other.getUpdatedAt()));
    }

    private static Instant instant(Timestamp at) {
        return Instant.ofEpochSecond(at.getSeconds(), at.getNanos());
    }

    private static Optional<Container> kept(Bundle bundle) throws IOException {
        Optional<byte[]> bytes = read(bundle.container());
        if (bytes.isEmpty()) {
            return Optional.empty();
        }
        Container container = Container.parseFrom(bytes.get());
        return container.getId().equals(bundle.id()) ? Optional.of(container) : Optional.empty();
    }

    private Optional<Container> composed(Bundle bundle) throws IOException {
        Optional<byte[]> spec = read(bundle.config());
        Optional<Path> binary = bundle.shimBinary();
        if (spec.isEmpty() || binary.isEmpty()) {
            return Optional.empty();
        }
        Instant instant = clock.instant();
        Timestamp now =
                Timestamp.newBuilder().setSeconds(instant.getEpochSecond()).build();
        return Optional.of(Container.newBuilder()
                .setId(bundle.id())
                .setRuntime(Container.Runtime.newBuilder().setName(runtime(binary.get())))
                .setSpec(Any.newBuilder().setTypeUrl(SPEC_TYPE).setValue(ByteString.copyFrom(spec.get())))
                .setSnapshotKey("")
                .setCreatedAt(now)
                .setUpdatedAt(now)
                .build());
    }

    /// `io.containerd.runc.v2` for `.../containerd-shim-runc-v2`, the path of any other program.
    private static String runtime(Path binary) {
        String name = String.valueOf(binary.getFileName());
        int version = name.lastIndexOf("-v");
        return name.startsWith(BINARY_PREFIX) && version > BINARY_PREFIX.length()
                ? "io.containerd." + name.substring(BINARY_PREFIX.length(), version) + "." + name.substring(version + 1)
                : binary.toString();
    }

    private static Optional<byte[]> read(Path file) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) == 0) {
            return Optional.empty();
        }
        if (Files.size(file) > FILE_BYTES_MAX) {
            throw new IOException(file + " is longer than " + FILE_BYTES_MAX + " bytes");
        }
        return Optional.of(Files.readAllBytes(file));
    }
}
