package io.slipway.daemon.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Builds the OCI runtime specification of a container: what Docker gives an ordinary, unprivileged one.
///
/// @param namespace containerd namespace, part of the cgroup's name
/// @param id container id, also its host name
/// @param arguments program and arguments, not empty
/// @param env complete environment
/// @param cwd working directory, absolute
/// @param user who it runs as
/// @param hostNetwork whether it shares the host's network instead of having an empty one of its own
/// @param openFilesMax hard limit on open files
/// @param unifiedCgroups whether the host has cgroup v2 only
record RuntimeSpec(
        String namespace,
        String id,
        List<String> arguments,
        List<String> env,
        String cwd,
        ContainerUser user,
        boolean hostNetwork,
        long openFilesMax,
        boolean unifiedCgroups) {

    static final String TYPE_URL = "types.containerd.io/opencontainers/runtime-spec/1/Spec";

    /// The last part of [#TYPE_URL], by which it is recognised.
    static final String TYPE_NAME = "Spec";

    private static final long OPEN_FILES_SOFT = 1024;
    private static final int HOST_NAME_MAX = 63;

    /// Docker's default set.
    private static final List<String> CAPABILITIES = List.of(
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_FSETID",
            "CAP_FOWNER",
            "CAP_MKNOD",
            "CAP_NET_RAW",
            "CAP_SETGID",
            "CAP_SETUID",
            "CAP_SETFCAP",
            "CAP_SETPCAP",
            "CAP_NET_BIND_SERVICE",
            "CAP_SYS_CHROOT",
            "CAP_KILL",
            "CAP_AUDIT_WRITE");

    private static final List<String> MASKED = List.of(
            "/proc/asound",
            "/proc/acpi",
            "/proc/interrupts",
            "/proc/kcore",
            "/proc/keys",
            "/proc/latency_stats",
            "/proc/timer_list",
            "/proc/timer_stats",
            "/proc/sched_debug",
            "/proc/scsi",
            "/sys/firmware",
            "/sys/devices/virtual/powercap");

    private static final List<String> READ_ONLY =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

    RuntimeSpec {
        arguments = List.copyOf(arguments);
        env = List.copyOf(env);
    }

    /// The document.
    String json() {
        return Json.write(object(
                "ociVersion",
                "1.0.2",
                "process",
                process(),
                "root",
                object("path", "rootfs", "readonly", false),
                "hostname",
                id.substring(0, Math.min(id.length(), HOST_NAME_MAX)),
                "mounts",
                mounts(),
                "linux",
                linux()));
    }

    private Map<String, Object> process() {
        return object(
                "terminal",
                false,
                "user",
                object("uid", user.uid(), "gid", user.gid(), "additionalGids", user.groups()),
                "args",
                arguments,
                "env",
                env,
                "cwd",
                cwd,
                "capabilities",
                capabilities(),
                "rlimits",
                List.of(object(
                        "type",
                        "RLIMIT_NOFILE",
                        "hard",
                        openFilesMax,
                        "soft",
                        Math.min(OPEN_FILES_SOFT, openFilesMax))),
                "noNewPrivileges",
                false);
    }

    /// A process of root has the set in force; any other may only gain it through a file's capabilities or setuid, so
    /// nothing is effective or permitted for it. Inheritable stays empty (CVE-2022-24769).
    private Map<String, Object> capabilities() {
        return user.uid() == 0
                ? object("bounding", CAPABILITIES, "effective", CAPABILITIES, "permitted", CAPABILITIES)
                : object("bounding", CAPABILITIES);
    }

    private List<Object> mounts() {
        List<Object> mounts = new ArrayList<>();
        mounts.add(mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"));
        mounts.add(mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"));
        mounts.add(mount(
                "/dev/pts",
                "devpts",
                "devpts",
                "nosuid",
                "noexec",
                "newinstance",
                "ptmxmode=0666",
                "mode=0620",
                "gid=5"));
        mounts.add(mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"));
        mounts.add(mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"));
        mounts.add(mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"));
        mounts.add(mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"));
        if (hostNetwork) {
            mounts.add(mount("/etc/resolv.conf", "bind", "/etc/resolv.conf", "rbind", "ro"));
            mounts.add(mount("/etc/hosts", "bind", "/etc/hosts", "rbind", "ro"));
        }
        return mounts;
    }

    private static Map<String, Object> mount(String destination, String type, String source, String... options) {
        return object("destination", destination, "type", type, "source", source, "options", List.of(options));
    }

    private Map<String, Object> linux() {
        List<Object> namespaces = new ArrayList<>();
        for (String type : List.of("pid", "ipc", "uts", "mount")) {
            namespaces.add(object("type", type));
        }
        if (!hostNetwork) {
            namespaces.add(object("type", "network"));
        }
        if (unifiedCgroups) {
            namespaces.add(object("type", "cgroup"));
        }
        return object(
                "cgroupsPath",
                cgroup(),
                "namespaces",
                namespaces,
                // Everything refused, then what runc itself allows every container: null, zero, full, random, urandom,
                // tty, console, pts, and making device nodes.
                "resources",
                object("devices", List.of(object("allow", false, "access", "rwm"))),
                "maskedPaths",
                MASKED,
                "readonlyPaths",
                READ_ONLY);
    }

    /// One level deep, so that removing the container leaves no empty parent group behind. `@` is in no identifier,
    /// so no two containers share a name.
    private String cgroup() {
        return "/slipway@" + namespace + "@" + id;
    }

    private static Map<String, Object> object(Object... keysAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            object.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return object;
    }
}
