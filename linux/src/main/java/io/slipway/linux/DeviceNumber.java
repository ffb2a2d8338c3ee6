package io.slipway.linux;

/// A device by its numbers, as the kernel's 32 bits hold them: major 0 to 4095, minor 0 to 1,048,575.
public record DeviceNumber(int major, int minor) {
    /// The number of a whiteout, and of everything that is no device.
    public static final DeviceNumber ZERO = new DeviceNumber(0, 0);

    public DeviceNumber {
        if (major < 0 || major > 0xFFF || minor < 0 || minor > 0xFFFFF) {
            throw new IllegalArgumentException("device " + major + ":" + minor);
        }
    }

    /// The encoding of `gnu_dev_makedev` in glibc's `sys/sysmacros.h`, for 12-bit majors and 20-bit minors.
    long encoded() {
        return ((long) (minor & 0xFFF00) << 12) | ((long) major << 8) | (minor & 0xFF);
    }
}
