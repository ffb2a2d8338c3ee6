package io.slipway.daemon.config;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Settings by key with where each came from, not yet checked for meaning. Later puts win, so fill it from
/// the weakest source to the strongest.
final class Values {
    /// Who set a value, weakest first.
    enum Origin {
        DEFAULT,
        FILE,
        ENVIRONMENT,
        FLAG
    }

    private record Setting(Object value, Origin origin) {}

    private final Map<Key, Setting> settings = new EnumMap<>(Key.class);
    private final Map<String, List<String>> realms = new TreeMap<>();

    /// In the file's order: of several that accept a media type the last one has it.
    private final List<Config.StreamProcessor> streamProcessors = new ArrayList<>();

    Values(Defaults defaults) {
        for (Key key : Key.values()) {
            settings.put(key, new Setting(defaults.of(key), Origin.DEFAULT));
        }
    }

    /// Takes a value of the key's own type.
    void put(Key key, Object value, Origin origin) {
        settings.put(key, new Setting(value, origin));
    }

    /// Takes the text of a flag or variable; lists are separated by commas.
    void putText(Key key, String text, Origin origin) {
        put(key, key.kind() == Key.Kind.LIST ? List.of(text.split(",", -1)) : text, origin);
    }

    void realms(String host, List<String> hosts) {
        realms.put(host, List.copyOf(hosts));
    }

    Map<String, List<String>> realms() {
        return realms;
    }

    void streamProcessor(Config.StreamProcessor processor) {
        streamProcessors.add(processor);
    }

    List<Config.StreamProcessor> streamProcessors() {
        return streamProcessors;
    }

    Origin origin(Key key) {
        return get(key).origin;
    }

    Object raw(Key key) {
        return get(key).value;
    }

    String text(Key key) {
        return (String) get(key).value;
    }

    long number(Key key) {
        return (Long) get(key).value;
    }

    double fraction(Key key) {
        return (Double) get(key).value;
    }

    boolean flag(Key key) {
        return (Boolean) get(key).value;
    }

    @SuppressWarnings("unchecked") // put() of a LIST key is given a list of texts by all its callers in this package
    List<String> list(Key key) {
        return (List<String>) get(key).value;
    }

    private Setting get(Key key) {
        Setting setting = settings.get(key);
        if (setting == null) {
            throw new IllegalStateException("no default for " + key);
        }
        return setting;
    }
}
