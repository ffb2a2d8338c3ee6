package io.slipway.linux;

import java.util.List;

/// One mount as containerd's API carries it. Nobody but [Mounts] reads the options; types unknown to us pass through.
///
/// @param type file system type, or `bind`
/// @param source device, directory or name
/// @param target path below the mount point handed to [Mounts#mount], usually empty
/// @param options as in mount(8): flags by name, everything else goes to the file system
public record Mount(String type, String source, String target, List<String> options) {
    public Mount {
        options = List.copyOf(options);
    }
}
