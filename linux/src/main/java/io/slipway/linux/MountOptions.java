package io.slipway.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A mount's options taken apart: flags by their names in mount(8), the rest for the file system, in order.
///
/// @param flags MS_ bits of `linux/mount.h`, propagation among them
/// @param data what is no flag
record MountOptions(long flags, List<String> data) {
    static final long MS_RDONLY = 1;
    static final long MS_NOSUID = 2;
    static final long MS_NODEV = 4;
    static final long MS_NOEXEC = 8;
    static final long MS_SYNCHRONOUS = 16;
    static final long MS_REMOUNT = 32;
    static final long MS_DIRSYNC = 128;
    static final long MS_NOSYMFOLLOW = 256;
    static final long MS_NOATIME = 1024;
    static final long MS_NODIRATIME = 2048;
    static final long MS_BIND = 4096;
    static final long MS_REC = 16384;
    static final long MS_UNBINDABLE = 1 << 17;
    static final long MS_PRIVATE = 1 << 18;
    static final long MS_SLAVE = 1 << 19;
    static final long MS_SHARED = 1 << 20;
    static final long MS_RELATIME = 1 << 21;
    static final long MS_STRICTATIME = 1 << 24;
    static final long MS_LAZYTIME = 1 << 25;

    private static final long PROPAGATION = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

    /// One flag's name: the bits it sets or takes back.
    private record Meaning(long bits, boolean set) {}

    private static final Map<String, Meaning> NAMES = Map.ofEntries(
            sets("ro", MS_RDONLY),
            clears("rw", MS_RDONLY),
            sets("nosuid", MS_NOSUID),
            clears("suid", MS_NOSUID),
            sets("nodev", MS_NODEV),
            clears("dev", MS_NODEV),
            sets("noexec", MS_NOEXEC),
            clears("exec", MS_NOEXEC),
            sets("sync", MS_SYNCHRONOUS),
            clears("async", MS_SYNCHRONOUS),
            sets("dirsync", MS_DIRSYNC),
            sets("nosymfollow", MS_NOSYMFOLLOW),
            sets("noatime", MS_NOATIME),
            clears("atime", MS_NOATIME),
            sets("nodiratime", MS_NODIRATIME),
            clears("diratime", MS_NODIRATIME),
            sets("relatime", MS_RELATIME),
            clears("norelatime", MS_RELATIME),
            sets("strictatime", MS_STRICTATIME),
            clears("nostrictatime", MS_STRICTATIME),
            sets("lazytime", MS_LAZYTIME),
            clears("nolazytime", MS_LAZYTIME),
            sets("remount", MS_REMOUNT),
            sets("bind", MS_BIND),
            sets("rbind", MS_BIND | MS_REC),
            sets("private", MS_PRIVATE),
            sets("rprivate", MS_PRIVATE | MS_REC),
            sets("shared", MS_SHARED),
            sets("rshared", MS_SHARED | MS_REC),
            sets("slave", MS_SLAVE),
            sets("rslave", MS_SLAVE | MS_REC),
            sets("unbindable", MS_UNBINDABLE),
            sets("runbindable", MS_UNBINDABLE | MS_REC),
            sets("defaults", 0));

    static MountOptions of(Mount mount) {
        // The type alone says what is meant, also without the option.
        long flags = mount.type().equals("bind") ? MS_BIND : 0;
        List<String> data = new ArrayList<>();
        for (String option : mount.options()) {
            Meaning meaning = NAMES.get(option);
            if (meaning == null) {
                data.add(option);
            } else if (meaning.set) {
                flags |= meaning.bits;
            } else {
                flags &= ~meaning.bits;
            }
        }
        return new MountOptions(flags, List.copyOf(data));
    }

    /// What the mount itself is made with. (The kernel takes propagation only in a call of its own.)
    long mountFlags() {
        return flags & ~PROPAGATION;
    }

    /// What a second call sets, 0 for none.
    long propagationFlags() {
        return (flags & PROPAGATION) == 0 ? 0 : flags & (PROPAGATION | MS_REC);
    }

    /// A bind takes no other flag when it is made: these need a remount.
    boolean needsRemount() {
        long beyondBind = mountFlags() & ~(MS_BIND | MS_REC | MS_REMOUNT);
        return isBind() && beyondBind != 0 && (flags & MS_REMOUNT) == 0;
    }

    boolean isBind() {
        return (flags & MS_BIND) != 0;
    }

    String joined() {
        return String.join(",", data);
    }

    private static Map.Entry<String, Meaning> sets(String name, long bits) {
        return Map.entry(name, new Meaning(bits, true));
    }

    private static Map.Entry<String, Meaning> clears(String name, long bits) {
        return Map.entry(name, new Meaning(bits, false));
    }
}
