package io.slipway.snapshotter;

import java.util.Optional;

/// What a driver can do, or does differently, beyond the contract that all share.
public enum Capability {
    /// The client can prepare and fill a layer without its parents and give it its parent at commit.
    REBASE("rebase"),
    /// A snapshot with labels that map ids is mounted with its files' owners shown so.
    REMAP_IDS("remap-ids"),
    /// Where there is no [#REMAP_IDS], clients are not to copy every file for a mapping.
    ONLY_REMAP_IDS("only-remap-ids"),
    /// A snapshot holds a copy of all files of its parents, and its usage counts them.
    COPIES(""),
    /// A directory that a layer below holds can't be renamed (EXDEV): who moves it copies it, as between file systems.
    LOWER_DIRECTORIES_STAY("");

    private final String word;

    Capability(String word) {
        this.word = word;
    }

    /// What clients know it by, if they do.
    public Optional<String> word() {
        return word.isEmpty() ? Optional.empty() : Optional.of(word);
    }
}
