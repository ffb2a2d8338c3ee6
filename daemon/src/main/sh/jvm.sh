# Sourced by the launchers in bin/: finds the JDK and holds what both programs tell the JVM.
# `launch MAIN FLAGS ARGS...` never returns. $home is the installation, $program the name for messages.

is_jdk25() {
    [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
    while IFS= read -r line; do
        case $line in JAVA_VERSION=\"25[.\"]*) return 0 ;; esac
    done <"$1/release"
    return 1
}

find_java() {
    if [ -n "${JAVA_HOME:-}" ] && is_jdk25 "$JAVA_HOME"; then java=$JAVA_HOME/bin/java; return; fi
    # Written by the build: the JDK that the AOT caches were trained with.
    if [ -r "$home/etc/java-home" ] && IFS= read -r built <"$home/etc/java-home" && is_jdk25 "$built"; then
        java=$built/bin/java; return
    fi
    for dir in /usr/lib/jvm/* "${XDG_CACHE_HOME:-${HOME:-/root}/.cache}"/slipway/jdk/*; do
        if is_jdk25 "$dir"; then java=$dir/bin/java; return; fi
    done
    if java=$(command -v java) && java=$(readlink -f "$java") && is_jdk25 "${java%/bin/java}"; then return; fi
    echo "$program: no JDK 25 on this machine; set JAVA_HOME or install one under /usr/lib/jvm" >&2
    exit 1
}

launch() {
    main=$1
    flags=$2
    shift 2
    find_java

    # Meant for other programs; the JVM would announce the first three on stderr.
    unset JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH
    # Without it the JDK reads and writes file names as ASCII under systemd and `env -i`.
    LC_ALL=C.UTF-8
    export LC_ALL

    native=$home/lib/native
    if [ -n "${SLIPWAY_AOT_OUTPUT:-}" ]; then
        aot=-XX:AOTCacheOutput=$SLIPWAY_AOT_OUTPUT
    else
        # A cache that does not fit (other JDK, copied without times) is passed over silently.
        aot=-XX:AOTCache=$home/lib/$program.aot
    fi

    # machineId: only names channels; looking for one prints a warning where there is no network card.
    # -Xlog: the JVM's own warnings would break line-by-line JSON. Crash reports and heap dumps hold tokens: no files.
    # shellcheck disable=SC2086  # flags are words
    exec "$java" -XX:+UseSerialGC -XX:-UsePerfData "$aot" $flags \
        -XX:+ExitOnOutOfMemoryError -XX:-HeapDumpOnOutOfMemoryError -XX:-CreateCoredumpOnCrash -XX:+ErrorFileToStderr \
        -Xlog:disable -Xlog:all=off \
        --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
        -Djava.library.path="$native" -Dslipway.native.dir="$native" -Dslipway.home="$home" -Dslipway.nofile="$(ulimit -S -n)" \
        -Dorg.sqlite.lib.path="$native" -Dorg.sqlite.lib.name=libsqlitejdbc.so \
        -Dio.netty.native.workdir="$native" -Dio.netty.native.deleteLibAfterLoading=false \
        -DZstdNativePath="$native/libzstd-jni.so" \
        -Dio.netty.machineId=02:00:00:00:00:01 -Dio.netty.noUnsafe=false -Dio.netty.tryReflectionSetAccessible=false \
        -Dvertx.disableFileCPResolving=true -Dvertx.disableFileCaching=true \
        -Dvertx.logger-delegate-factory-class-name=io.vertx.core.logging.SLF4JLogDelegateFactory \
        -Dslf4j.provider=io.slipway.daemon.log.LogProvider -Dslf4j.internal.verbosity=ERROR \
        -Djava.util.logging.config.class=io.slipway.daemon.log.JulConfiguration \
        ${SLIPWAY_JAVA_OPTS:-} \
        -cp "$home/lib/slipway.jar" "$main" "$@"
}
