package io.slipway.daemon;

import io.slipway.daemon.config.Config;
import io.slipway.daemon.config.Host;
import io.slipway.daemon.config.Programs;
import io.slipway.daemon.config.Role;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which roles this machine can play.
final class RoleCheck {
    private static final Logger log = LoggerFactory.getLogger(RoleCheck.class);
    /// What the role runtime starts.
    static final String SHIM = "containerd-shim-runc-v2";

    private static final String RUNC = "runc";

    private RoleCheck() {}

    /// The roles to play, in the order mirror, api, runtime.
    ///
    /// @throws StartException ROLE_LACKS when an asked role lacks something
    static Set<Role> roles(Config config, Host host) throws StartException {
        Set<Role> roles = EnumSet.copyOf(config.roles());
        if (config.mirror().addresses().isEmpty()) {
            roles.remove(Role.MIRROR);
        }
        List<String> lacking = config.has(Role.RUNTIME) ? runtimeLacks(host) : List.of();
        if (!lacking.isEmpty()) {
            String what = String.join(", ", lacking);
            if (config.rolesAsked()) {
                throw new StartException(ExitCode.ROLE_LACKS, "role runtime: needs " + what);
            }
            roles.remove(Role.RUNTIME);
            log.atWarn()
                    .addKeyValue("role", "runtime")
                    .addKeyValue("needs", what)
                    .log("Role left out.");
        }
        return roles;
    }

    private static List<String> runtimeLacks(Host host) {
        List<String> lacking = new ArrayList<>();
        if (host.effectiveUid() != 0) {
            lacking.add("root");
        }
        for (String program : List.of(SHIM, RUNC)) {
            if (Programs.find(program, host.path()).isEmpty()) {
                lacking.add("the program " + program);
            }
        }
        return lacking;
    }
}
