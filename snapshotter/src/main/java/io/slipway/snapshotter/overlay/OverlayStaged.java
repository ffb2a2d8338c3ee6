package io.slipway.snapshotter.overlay;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.layer.DirectorySink;
import io.slipway.snapshotter.layer.LayerNotes;
import io.slipway.snapshotter.layer.LayerSink;
import io.slipway.snapshotter.layer.LinkStep;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One directory made aside.
final class OverlayStaged implements SnapshotDriver.Staged {
    private static final Logger LOG = LoggerFactory.getLogger(OverlayStaged.class);

    private final OverlayDriver driver;
    private final byte[] name;
    private final String text;
    private boolean published;

    OverlayStaged(OverlayDriver driver, String name) {
        this.driver = driver;
        this.name = OverlayDriver.ascii(name);
        this.text = name;
    }

    void make(SnapshotKind kind, List<Long> parents) throws IOException {
        driver.dir().mkdir(name, 0700);
        try (Dir own = driver.dir().openChild(name)) {
            own.mkdir(OverlayDriver.FS, OverlayDriver.FS_MODE);
            own.chmod(OverlayDriver.FS, OverlayDriver.FS_MODE);
            if (!parents.isEmpty()) {
                try (Dir parent = driver.layer(parents.getFirst())) {
                    Attributes top = OverlayDriver.top(parent);
                    own.chown(OverlayDriver.FS, top.uid(), top.gid());
                }
            }
            if (kind == SnapshotKind.ACTIVE) {
                own.mkdir(OverlayDriver.WORK, OverlayDriver.WORK_MODE);
                own.chmod(OverlayDriver.WORK, OverlayDriver.WORK_MODE);
            }
        }
    }

    private Dir fs() throws IOException {
        return driver.dir().openDir(OverlayDriver.ascii(text + "/fs"));
    }

    @Override
    public LayerSink sink(LayerQuota quota) throws IOException {
        return new DirectorySink(fs(), driver.umask(), quota, driver.largeFiles());
    }

    @Override
    public void link(LayerNotes notes, List<Long> parents) throws IOException {
        List<Dir> lowers = new ArrayList<>();
        try (Dir own = fs()) {
            for (long parent : parents) {
                lowers.add(driver.layer(parent));
            }
            new LinkStep(own, lowers, driver.umask()).run(notes);
        } finally {
            lowers.forEach(Dir::close);
        }
    }

    @Override
    public void publish(long directory) throws IOException {
        driver.dir().renameNew(name, driver.dir(), OverlayDriver.ascii(Long.toString(directory)));
        published = true;
        driver.unstage(text);
    }

    @Override
    public void close() {
        if (published) {
            return;
        }
        try {
            driver.dir().removeTree(name);
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("directory", text)
                    .setCause(e)
                    .log("A staged snapshot was not removed; cleanup will");
        }
        driver.unstage(text);
    }
}
