package io.slipway.linux;

/// The version of the running kernel.
public record KernelVersion(int major, int minor) implements Comparable<KernelVersion> {
    public boolean atLeast(int major, int minor) {
        return compareTo(new KernelVersion(major, minor)) >= 0;
    }

    @Override
    public int compareTo(KernelVersion other) {
        return major != other.major ? Integer.compare(major, other.major) : Integer.compare(minor, other.minor);
    }
}
