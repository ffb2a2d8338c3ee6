package io.slipway.snapshotter.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.linux.Mounts;
import io.slipway.snapshotter.layer.OverlayForm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is asked of the kernel by what it says of itself; the mounts are real.
@Tag("root")
class OverlayProbeTest {
    @TempDir
    Path directory;

    @TempDir
    Path parameters;

    @AfterEach
    void nothingStays() throws IOException {
        assertThat(Mounts.system().mountPointsUnder(directory)).isEmpty();
        assertThat(directory).isEmptyDirectory();
    }

    private OverlayProbe probe(OverlayForm form, boolean wantsVolatile, Map<String, String> values) throws IOException {
        for (Map.Entry<String, String> value : values.entrySet()) {
            Files.writeString(parameters.resolve(value.getKey()), value.getValue() + "\n");
        }
        return OverlayProbe.of(directory, form, parameters, wantsVolatile);
    }

    private OverlayProbe probe(Map<String, String> values) throws IOException {
        return probe(OverlayForm.TRUSTED, false, values);
    }

    @Test
    void aModuleWithoutParametersIsAskedForNothing() throws IOException {
        assertThat(probe(Map.of()).options()).isEmpty();
        assertThat(OverlayProbe.of(directory, OverlayForm.TRUSTED, parameters.resolve("absent"), false)
                        .options())
                .isEmpty();
    }

    @Test
    void theIndexIsOffWhereThereIsOneWhateverTheDefault() throws IOException {
        assertThat(probe(Map.of("index", "N")).options()).containsExactly("index=off");
        assertThat(probe(Map.of("index", "Y")).options()).containsExactly("index=off");
    }

    @Test
    void metacopyIsOffWhereTheDefaultIsOn() throws IOException {
        assertThat(probe(Map.of("metacopy", "N")).options()).isEmpty();
        assertThat(probe(Map.of("metacopy", "Y")).options()).containsExactly("metacopy=off");
    }

    @Test
    void redirectsAreOffWhereTheDefaultIsOn() throws IOException {
        assertThat(probe(Map.of("redirect_dir", "N")).options()).isEmpty();
        assertThat(probe(Map.of("redirect_dir", "Y")).options()).containsExactly("redirect_dir=off");
    }

    @Test
    void allOfThemTogetherMount() throws IOException {
        OverlayProbe probe = probe(
                OverlayForm.TRUSTED,
                true,
                Map.of("index", "Y", "metacopy", "Y", "redirect_dir", "Y", "xino_auto", "Y"));
        assertThat(probe.options()).containsExactly("index=off", "metacopy=off", "redirect_dir=off", "volatile");
    }

    @Test
    void volatileIsGivenWhenAskedForOnly() throws IOException {
        assertThat(probe(OverlayForm.TRUSTED, true, Map.of()).options()).containsExactly("volatile");
    }

    @Test
    void inAUserNamespaceTheKernelLeavesOutRedirectsByItself() throws IOException {
        OverlayProbe probe = probe(OverlayForm.USER, false, Map.of("index", "Y", "metacopy", "Y", "redirect_dir", "Y"));
        assertThat(probe.options()).containsExactly("userxattr", "index=off");
        assertThat(probe.mapsIds()).isFalse();
    }

    @Test
    void thisKernelAndFileSystemCanMapIds() throws IOException {
        assertThat(probe(Map.of()).mapsIds()).isTrue();
    }

    @Test
    void aPathThatOptionsCannotNameIsRefused() throws IOException {
        for (String name : new String[] {"a:b", "a,b", "a\\b"}) {
            Path odd = Files.createDirectory(directory.resolve(name));
            assertThatThrownBy(() -> OverlayProbe.of(odd, OverlayForm.TRUSTED, parameters, false))
                    .hasMessageContaining("no colon, comma or backslash");
            Files.delete(odd);
        }
    }
}
