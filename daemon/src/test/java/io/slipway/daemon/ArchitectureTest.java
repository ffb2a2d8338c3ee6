package io.slipway.daemon;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The map of the modules as a rule. A new edge is a decision: it changes this table and
/// docs/ARCHITECTURE.md together.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ArchitectureTest {
    /// Which modules each may use; `api`, the generated code, is open to whoever serves or calls gRPC.
    private static final Map<String, List<String>> EDGES = Map.of(
            "api", List.of(),
            "linux", List.of(),
            "cas", List.of("api", "linux"),
            "puller", List.of("api", "linux", "cas"),
            "mirror", List.of("cas", "puller"),
            "snapshotter", List.of("api", "linux", "cas"),
            "runtime", List.of("api", "linux", "cas"),
            "daemon", List.of("api", "linux", "cas", "puller", "mirror", "snapshotter", "runtime"));

    private JavaClasses all = new ClassFileImporter().importClasses(List.of());

    @BeforeAll
    void read() {
        all = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.slipway");
    }

    static List<String> modules() {
        return EDGES.keySet().stream().sorted().toList();
    }

    @ParameterizedTest
    @MethodSource("modules")
    void eachModuleUsesOnlyWhatTheMapAllows(String module) {
        List<String> allowed = new ArrayList<>(EDGES.getOrDefault(module, List.of()));
        allowed.add(module);
        String[] forbidden = EDGES.keySet().stream()
                .filter(other -> !allowed.contains(other))
                .map(ArchitectureTest::packages)
                .toArray(String[]::new);
        if (forbidden.length > 0) {
            noClasses()
                    .that()
                    .resideInAPackage(packages(module))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(forbidden)
                    .check(all);
        }
    }

    @Test
    void everyClassBelongsToAModuleOfTheMap() {
        classes()
                .should()
                .resideInAnyPackage(
                        EDGES.keySet().stream().map(ArchitectureTest::packages).toArray(String[]::new))
                .check(all);
        assertThat(all).as("an empty import would prove nothing").hasSizeGreaterThan(200);
    }

    @Test
    void modulesHaveNoCycles() {
        slices().matching("io.slipway.(*)..").should().beFreeOfCycles().check(all);
    }

    @Test
    void nativeCallsAreMadeInLinuxOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage(packages("linux"))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.foreign..")
                .check(all);
    }

    @Test
    void processesAreStartedInLinuxOnly() {
        DescribedPredicate<JavaCall<?>> exec = DescribedPredicate.describe(
                "Runtime.exec",
                call -> call.getTargetOwner().isEquivalentTo(Runtime.class)
                        && call.getName().equals("exec"));
        noClasses()
                .that()
                .resideOutsideOfPackage(packages("linux"))
                .should()
                .dependOnClassesThat()
                .areAssignableTo(ProcessBuilder.class)
                .orShould()
                .callMethodWhere(exec)
                .check(all);
    }

    @Test
    void nothingStaticCanChange() {
        fields().that()
                .areStatic()
                .and()
                .areDeclaredInClassesThat()
                .resideOutsideOfPackage(packages("api"))
                .should()
                .haveModifier(JavaModifier.FINAL)
                .check(all);
    }

    @Test
    void linuxNeedsNoLibraries() {
        classes()
                .that()
                .resideInAPackage(packages("linux"))
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(packages("linux"), "java..", "org.slf4j..", "org.jspecify..")
                .check(all);
    }

    private static String packages(String module) {
        return "io.slipway." + module + "..";
    }
}
