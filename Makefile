# Slipway. `make run` builds what is needed and starts slipwayd; `make test` (root) proves everything.
.POSIX:
.PHONY: build run check test nightly bench demo dist format clean help

ARGS =
SOURCES = $(shell find pom.xml .mvn .ci/assemble .ci/train .ci/RaiseClassVersion.java */pom.xml */src/main -type f)

help:
	@echo 'make run ARGS=...   build what is needed, start slipwayd in the foreground'
	@echo 'make build          dist/slipway/, a tree that can be copied anywhere'
	@echo 'make dist           the same tree as dist/slipway.tar.gz'
	@echo 'make check          compile, lint and the tests that need neither root nor network'
	@echo 'make test           every test, as root; installs the packages of .ci/packages'
	@echo 'make nightly        the long tests'
	@echo 'make bench          side by side with containerd'
	@echo 'make demo           build, push, pull, mirror and run a small image on loopback, as root'
	@echo 'make format         lay the sources out'

build: dist/slipway/.built

dist/slipway/.built: $(SOURCES)
	@.ci/mvn -q package -Dmaven.test.skip=true
	@.ci/assemble dist/slipway

run: build
	@exec dist/slipway/bin/slipwayd $(ARGS)

# Offline on purpose: what is missing is fetched by `make build`, once.
check:
	@.ci/mvn -o verify || { \
	    echo 'make check: failed; it never uses the network: if artifacts are missing, run `make build` once' >&2; exit 1; }

test:
	@.ci/test

nightly:
	@.ci/test -Dslipway.nightly=true

bench: build
	@.ci/bench $(ARGS)

demo: build
	@.ci/demo

dist: build
	@tar --sort=name --owner=0 --group=0 --numeric-owner -C dist -czf dist/slipway.tar.gz --exclude=.built slipway
	@echo dist/slipway.tar.gz

format:
	@.ci/mvn -q spotless:apply

clean:
	@.ci/mvn -q clean
	@rm -rf dist
