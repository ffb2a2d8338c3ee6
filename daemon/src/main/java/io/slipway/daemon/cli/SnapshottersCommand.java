package io.slipway.daemon.cli;

import io.slipway.api.services.introspection.v1.Plugin;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `slipway snapshotters`.
final class SnapshottersCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("snapshotters");
        spec.usageMessage().description("Lists snapshotters, and why one can't be used here.");
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session) throws CommandFailed, CallFailed, InterruptedException {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("NAME", "STATE", "CAPABILITIES", "ROOT", "REASON"));
        List<Object> json = new ArrayList<>();
        for (Plugin plugin : Snapshotters.of(session.connection()).all()) {
            Optional<String> off = Snapshotters.off(plugin);
            String root = plugin.getExportsOrDefault("root", "");
            rows.add(List.of(
                    plugin.getId(),
                    off.isPresent() ? "off" : Snapshotters.isDefault(plugin) ? "default" : "ok",
                    plugin.getCapabilitiesCount() == 0 ? "-" : String.join(",", plugin.getCapabilitiesList()),
                    root.isEmpty() ? "-" : Text.oneLine(root),
                    Text.oneLine(off.orElse("-"))));
            json.add(json(plugin, off, root));
        }
        session.result(json, Text.table(rows));
        return ExitCode.OK.number();
    }

    private static Map<String, Object> json(Plugin plugin, Optional<String> off, String root) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", plugin.getId());
        json.put("usable", off.isEmpty());
        json.put("default", Snapshotters.isDefault(plugin));
        json.put("capabilities", List.copyOf(plugin.getCapabilitiesList()));
        json.put("root", root);
        off.ifPresent(why -> json.put("reason", why));
        return json;
    }
}
