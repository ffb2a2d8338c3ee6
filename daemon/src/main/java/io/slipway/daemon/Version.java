package io.slipway.daemon;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/// What was built.
///
/// @param version of the project
/// @param revision of its source, empty when built outside of version control
public record Version(String version, String revision) {

    /// The one of this build, written by it.
    public static Version ofThisBuild() {
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            if (in == null) {
                throw new IllegalStateException("version.properties is missing from the jar");
            }
            Properties properties = new Properties();
            properties.load(in);
            return new Version(properties.getProperty("version", ""), properties.getProperty("revision", ""));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return revision.isEmpty() ? version : version + " " + revision;
    }
}
