# `make` lists what there is. The work is done by CMake (presets in CMakePresets.json), pytest and a few scripts; the
# caches of ccache and Go are the user's own, so that a fresh clone builds warm.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:  # ninja uses the processors

example := examples/wedged-grpc
servers := build/release/test/servers
demo := build/release/podmedic rehearse -f $(example)/pod.yaml --scenario $(example)/scenario.yaml --path $(servers)
gate := RestartAllContainersOnContainerExits
# Namespaces, mounts and cgroups of the test cluster need root.
as_root := $(if $(filter 0,$(shell id -u)),,sudo --preserve-env=PATH,HOME,CLUSTER_GATES_OFF,JUNIT_DIRECTORY,GOPATH,GOCACHE,GOMODCACHE,GOPROXY,CCACHE_DIR)
# Nothing of what a user has installed or configured for pytest elsewhere.
python := /usr/bin/python3 -s
# Where JUNIT_DIRECTORY is set, lists of results go there.
junit = $(if $(JUNIT_DIRECTORY),$1 $(JUNIT_DIRECTORY)/$@.xml)
ctest = ctest --preset dev $(call junit,--output-junit)
pytest = $(as_root) env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(python) -m pytest -c test/pytest.ini $(call junit,--junitxml)

.PHONY: help demo check test cluster cluster-down podmedic release reproducible image bench invariants injection judgement docs tidy \
        spell soak sanitize asan tsan clean build-dependencies check-dependencies test-dependencies lint-dependencies model-server dev-build \
        fast-tests process-tests page-tests release-tests release-build cluster-programs cluster-tests disturbing-tests kubelet-gate-off-tests gate-off-tests

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand --tabs=29

demo: model-server ## build, then see a wedged gRPC server heal, with no cluster and no root
	$(demo)

check: check-dependencies dev-build fast-tests process-tests ## unit, simulation and integration tests: no cluster, no root

test: ## all kinds of tests, as CI runs them, and at the end what was wrong; test/ci has the stages (root)
	@command -v python3 >/dev/null || { echo "make test: python3 is missing: apt-get install python3" >&2; exit 1; }
	@$(python) test/ci/run.py

cluster: test-dependencies ## bring that cluster up and leave it running (root)
	$(as_root) test/cluster/cluster.py up

cluster-down: ## take it down
	$(as_root) test/cluster/cluster.py down

podmedic: build-dependencies ## build/release/podmedic: one static program, small and stripped
	cmake --preset release --log-level=WARNING
	cmake --build --preset release --target podmedic

release: test-dependencies ## all of a release, in build/dist: program, image, bill of materials, checksums
	deploy/release.sh

reproducible: podmedic ## build the program again elsewhere, with no cache: the same bytes; takes long
	test/release/build_elsewhere.sh

image: test-dependencies ## the container image, as the OCI archive build/podmedic.oci.tar
	deploy/image.sh

bench: test-dependencies model-server ## measure podmedic beside what it is compared with (root)
	go -C test/tools build -o ../../build/tools/ github.com/grpc-ecosystem/grpc-health-probe
	$(as_root) /usr/bin/python3 test/bench/bench.py --model-server $(servers)/model-server

invariants: check-dependencies ## a million random histories of 200 events each against the invariants: seven minutes of one core
	cmake --preset dev --log-level=WARNING
	cmake --build --preset dev --target unit_policy
	PODMEDIC_SEQUENCES=1000000 build/dev/test/unit_policy --gtest_filter=Invariants.HoldOnRandomHistories

injection: build-dependencies ## write deploy/injection/*.yaml anew, from deploy/sidecar.yaml and the templates beside them
	cmake --preset dev --log-level=WARNING
	cmake --build --preset dev --target write-injection
	build/dev/test/write-injection deploy/injection

judgement: build-dependencies ## soft failures and busy Pods as reported in public: what liveness decides, and podmedic
	cmake --preset dev --log-level=WARNING
	cmake --build --preset dev --target judgement
	build/dev/test/judgement test/judgement/traces build/judgement.json README.md docs/judgement.md --update

docs: test-dependencies model-server ## write what is generated in docs/: the pictures of the demo and the page, the options of the commands
	docs/demo.py $(demo)
	docs/commands.py build/release/podmedic --update
	test/page/picture.py docs/page.png

soak: sanitize ## that, and the suite many times: quiet, on one core, with stutter, random seeds (root; hours)
	$(as_root) $(python) test/ci/soak.py $(SOAK)

sanitize: asan tsan ## `make check` under both of these

asan: ## `make check` under AddressSanitizer and UndefinedBehaviorSanitizer (clang)
tsan: ## `make check` under ThreadSanitizer (clang)
asan tsan: lint-dependencies
	cmake --preset $@ --log-level=WARNING
	cmake --build --preset $@
	ctest --preset $@ --label-regex '^fast$$'
	ctest --preset $@ --label-regex '^process$$' --parallel 1

tidy: lint-dependencies ## clang-format and clang-tidy on all of our sources; takes long
	git ls-files '*.cpp' '*.hpp' | xargs clang-format-19 --dry-run --Werror
	cmake --preset asan --log-level=WARNING
	cmake --build --preset asan --target podmedic_base
	run-clang-tidy-19 -quiet -p build/asan '$(CURDIR)/(base|probes|hooks|k8s|supervisor)/.*'

spell: lint-dependencies ## codespell
	git ls-files | xargs codespell

clean: ## remove what was built, but not what was fetched
	@[ ! -e build/cluster ] || { echo "build/cluster is left: make cluster-down, then remove it as root"; }
	find build -mindepth 1 -maxdepth 1 ! -name cluster ! -name third_party -exec rm -rf {} + 2>/dev/null || true

# The parts of the targets above.

build-dependencies:
	@base/install_dependencies.sh build

check-dependencies:
	@base/install_dependencies.sh check

test-dependencies:
	@base/install_dependencies.sh test

lint-dependencies:
	@base/install_dependencies.sh lint

model-server: podmedic
	cmake --build --preset release --target model-server

dev-build:
	cmake --preset dev --log-level=WARNING
	cmake --build --preset dev

fast-tests: ## kind "fast": pure and in virtual time, on all processors (after make dev-build)
	$(ctest) --label-regex '^fast$$'

process-tests: ## kind "process": real processes on loopback, one at a time (after make dev-build)
	$(ctest) --label-regex '^process$$' --parallel 1

release-build: release model-server

cluster-programs:
	$(as_root) test/cluster/cluster.py build

cluster-tests: ## kinds "cluster-safety" and "cluster-progress": on a real Kubernetes of one node (root; after make test-dependencies)
	$(pytest) test/cluster -m "not gate_off and not disturbing"

page-tests: ## the page at /, in Chromium; screenshots of it go to build/page (after make model-server)
	$(pytest) test/page

release-tests: ## what make release made (after it)
	$(pytest) test/release

# Tests that need a cluster with the feature off bring up one of their own.
kubelet-gate-off-tests:
	CLUSTER_GATES_OFF=kubelet:$(gate) $(pytest) test/cluster -m gate_off

disturbing-tests: ## kind "disturbing": they stop what all share, in a cluster of their own (root; after make test-dependencies)
	$(pytest) test/cluster -m disturbing

gate-off-tests:
	CLUSTER_GATES_OFF=$(gate) $(pytest) test/cluster -m gate_off
