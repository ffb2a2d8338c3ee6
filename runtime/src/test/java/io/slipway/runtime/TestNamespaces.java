package io.slipway.runtime;

import io.slipway.cas.Identifier;
import io.slipway.cas.LabelUpdate;
import io.slipway.cas.Namespaces;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Remembers which namespaces came into being.
public final class TestNamespaces implements Namespaces {
    public final Set<String> ensured = ConcurrentHashMap.newKeySet();

    @Override
    public Namespace get(String name) {
        return new Namespace(name, Map.of());
    }

    @Override
    public List<Namespace> list() {
        return ensured.stream().sorted().map(this::get).toList();
    }

    @Override
    public Namespace create(String name, Map<String, String> labels) {
        throw new AssertionError(name);
    }

    @Override
    public Namespace update(String name, LabelUpdate change) {
        throw new AssertionError(name);
    }

    @Override
    public void delete(String name) {
        throw new AssertionError(name);
    }

    @Override
    public void ensure(Connection connection, String name) {
        ensured.add(Identifier.check(name));
    }
}
