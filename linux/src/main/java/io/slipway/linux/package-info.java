/// The kernel edge: the one place that calls native code and starts processes.
///
/// * Files: [io.slipway.linux.Dir] (a directory descriptor with byte-string names) and [io.slipway.linux.FileHandle].
/// * Mounts: [io.slipway.linux.Mount] values, carried out by [io.slipway.linux.Mounts]; what a path lies on is
///   [io.slipway.linux.MountedOn]; subvolumes are [io.slipway.linux.Btrfs].
/// * Children: [io.slipway.linux.Spawner] starts a [io.slipway.linux.ChildSpec] as a [io.slipway.linux.Child].
/// * Readiness: one [io.slipway.linux.Poller] thread for [io.slipway.linux.Fifo], [io.slipway.linux.PidFd].
/// * Byte loops: [io.slipway.linux.Hashers] and [io.slipway.linux.Inflaters] choose native or JDK code once.
/// * The rest of the machine: [io.slipway.linux.Os], [io.slipway.linux.FileLock], [io.slipway.linux.SdNotify],
///   [io.slipway.linux.UnixSockets].
///
/// Every refused system call is a [io.slipway.linux.LinuxException] that names the call, its object and the errno.
/// Calls block and hold the carrier of a virtual thread while they are in the kernel: never call them from an event
/// loop, and run bulk work on a bounded platform pool.
@NullMarked
package io.slipway.linux;

import org.jspecify.annotations.NullMarked;
