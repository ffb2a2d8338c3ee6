package io.slipway.runtime.shim;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.slipway.cas.ApiException;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.linux.Os;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes, finds and removes bundles below `<state>/io.containerd.runtime.v2.task/<namespace>/<id>`, with the work
/// directories below `<root>` that belong to them. Blocking file work: called on the kernel pool.
///
/// Bundles are moved to a hidden name before they are deleted, so that one half deleted is never taken for a task.
public final class Bundles {
    /// The name of containerd's task runtime; kept so that tools which look into bundles find them.
    private static final String PLUGIN = "io.containerd.runtime.v2.task";

    private static final String TRAVERSABLE = "rwx--x--x";
    private static final String PRIVATE = "rwx------";
    private static final String GROUP_TRAVERSABLE = "rwx--x---";
    private static final String OWN_FILE = "rw-------";
    private static final int FIFO_MODE = 0700;

    private static final Logger log = LoggerFactory.getLogger(Bundles.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path bundles;
    private final Path works;
    private final Mounts mounts;

    /// @param root persistent directory of the daemon
    /// @param state volatile directory of the daemon
    public Bundles(Path root, Path state, Mounts mounts) {
        this.bundles = state.resolve(PLUGIN);
        this.works = root.resolve(PLUGIN);
        this.mounts = mounts;
    }

    /// The names of a bundle; nothing needs to exist.
    public Bundle at(String namespace, String id) {
        return new Bundle(
                namespace,
                id,
                bundles.resolve(namespace).resolve(id),
                works.resolve(namespace).resolve(id));
    }

    /// Makes a bundle with everything in it that a shim expects. Nothing is left when it fails.
    ///
    /// @param spec the bytes of `config.json`, written as they are
    /// @param container its record, kept for a start without metadata
    /// @throws ApiException ALREADY_EXISTS when there is a bundle of that name
    public Bundle create(String namespace, String id, byte[] spec, byte[] container, Path shimBinary)
            throws IOException {
        Bundle bundle = at(namespace, id);
        directories(bundles, namespace);
        directories(works, namespace);
        try {
            Files.createDirectory(bundle.path());
        } catch (FileAlreadyExistsException e) {
            throw new ApiException(ApiException.Code.ALREADY_EXISTS, "bundle " + bundle.path() + ": already exists", e);
        }
        try {
            fill(bundle, spec, container, shimBinary);
        } catch (IOException | RuntimeException e) {
            try {
                remove(bundle);
            } catch (IOException more) {
                e.addSuppressed(more);
            }
            throw e;
        }
        return bundle;
    }

    /// Mounts the root file system in a bundle where most shims can't: theirs is to mount everything else.
    ///
    /// @return whether it is mounted now
    public boolean mount(Bundle bundle, List<Mount> rootfs) throws IOException {
        boolean ours = Mounts.mapIds(rootfs);
        if (ours) {
            mounts.mount(rootfs, bundle.rootfs());
        }
        return ours;
    }

    private static void fill(Bundle bundle, byte[] spec, byte[] container, Path shimBinary) throws IOException {
        permit(bundle.path(), PRIVATE);
        long group = groupOfContainerRoot(spec);
        if (group != 0) {
            Os.chown(bundle.path(), Os.effectiveUser(), group);
            permit(bundle.path(), GROUP_TRAVERSABLE);
        }
        deleteTree(bundle.work());
        Files.createDirectory(bundle.work());
        permit(bundle.work(), TRAVERSABLE);
        Files.createSymbolicLink(bundle.workLink(), bundle.work());
        Files.createDirectory(bundle.rootfs());
        permit(bundle.rootfs(), TRAVERSABLE);
        Files.write(bundle.config(), spec);
        Files.write(bundle.container(), container);
        permit(bundle.container(), OWN_FILE);
        Files.createFile(
                bundle.shimBinaryFile(),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWN_FILE)));
        Files.writeString(bundle.shimBinaryFile(), shimBinary.toString());
        Os.mkfifo(bundle.log(), FIFO_MODE);
    }

    /// Takes away mounts, bundle and work directory. Repeatable. What lies below `rootfs` after unmounting is never
    /// deleted: it could be somebody's file system.
    public void remove(Bundle bundle) throws IOException {
        mounts.unmountTree(bundle.rootfs());
        Files.deleteIfExists(bundle.rootfs());
        hideAndDelete(bundle.path());
        hideAndDelete(bundle.work());
    }

    /// Every bundle there is, of every namespace.
    public List<Bundle> existing() throws IOException {
        List<Bundle> found = new ArrayList<>();
        for (Path namespace : visible(bundles)) {
            for (Path bundle : visible(namespace)) {
                found.add(at(
                        namespace.getFileName().toString(), bundle.getFileName().toString()));
            }
        }
        return found;
    }

    /// Deletes what earlier removals left half done, and work directories whose bundle is gone.
    public void sweep() throws IOException {
        for (Path namespace : visible(bundles)) {
            deleteHidden(namespace);
        }
        for (Path namespace : visible(works)) {
            deleteHidden(namespace);
            for (Path work : visible(namespace)) {
                if (!Files.exists(at(
                                namespace.getFileName().toString(),
                                work.getFileName().toString())
                        .path())) {
                    hideAndDelete(work);
                }
            }
        }
    }

    private static void deleteHidden(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : entries.filter(Bundles::isHidden).toList()) {
                deleteTree(entry);
            }
        }
    }

    private static List<Path> visible(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(entry -> !isHidden(entry) && Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private static boolean isHidden(Path path) {
        return path.getFileName().toString().startsWith(".");
    }

    private static void directories(Path base, String namespace) throws IOException {
        for (Path directory : List.of(base, base.resolve(namespace))) {
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(directory);
                permit(directory, TRAVERSABLE);
            }
        }
    }

    private static void permit(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private static void hideAndDelete(Path directory) throws IOException {
        Path hidden = directory.resolveSibling("." + directory.getFileName());
        deleteTree(hidden);
        try {
            Files.move(directory, hidden);
        } catch (NoSuchFileException e) {
            return;
        }
        deleteTree(hidden);
    }

    /// Deletes small trees of our own making; links are removed, not followed.
    private static void deleteTree(Path path) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            try (Stream<Path> entries = Files.list(path)) {
                for (Path entry : entries.toList()) {
                    deleteTree(entry);
                }
            }
        }
        Files.deleteIfExists(path);
    }

    /// With a user namespace, the host's group behind the container's gid 0 may enter the bundle; 0 when there is
    /// no
    /// mapping. A spec that is no JSON is the shim's to refuse.
    private static long groupOfContainerRoot(byte[] spec) {
        JsonNode json;
        try {
            json = JSON.readTree(spec);
        } catch (IOException e) {
            log.atDebug().setCause(e).log("A spec could not be read for its group mapping.");
            return 0;
        }
        for (JsonNode mapping : json.path("linux").path("gidMappings")) {
            if (mapping.path("containerID").asLong(-1) == 0) {
                return mapping.path("hostID").asLong(0);
            }
        }
        return 0;
    }
}
