# `make` lists what there is. The work is done by CMake (presets in CMakePresets.json), pytest and a few scripts; the
# caches of ccache and Go are the user's own, so that a fresh clone builds warm.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:  # ninja uses the processors

example := examples/wedged-grpc
servers := build/release/test/servers
gate := RestartAllContainersOnContainerExits
# Namespaces, mounts and cgroups of the test cluster need root.
as_root := $(if $(filter 0,$(shell id -u)),,sudo --preserve-env=PATH,HOME,CLUSTER_GATES_OFF,JUNIT_DIRECTORY,GOPATH,GOCACHE,GOMODCACHE,GOPROXY,CCACHE_DIR)
# Nothing of what a user has installed or configured for pytest elsewhere.
python := /usr/bin/python3 -s
pytest := $(as_root) env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(python) -m pytest
# Where JUNIT_DIRECTORY is set, lists of results go there.
ctest = ctest --preset dev $(if $(JUNIT_DIRECTORY),--output-junit $(JUNIT_DIRECTORY)/$@.xml)
cluster_pytest = $(pytest) -c test/cluster/pytest.ini $(if $(JUNIT_DIRECTORY),--junitxml $(JUNIT_DIRECTORY)/$@.xml) test/cluster

.PHONY: help demo check test cluster cluster-down release image bench clean build-dependencies test-dependencies model-server \
        dev-build fast-tests process-tests cluster-images cluster-programs cluster-tests kubelet-gate-off-tests gate-off-tests

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand --tabs=29

demo: model-server ## build, then see a wedged gRPC server heal, with no cluster and no root
	build/release/podmedic rehearse -f $(example)/pod.yaml --scenario $(example)/scenario.yaml --path $(servers)

check: build-dependencies dev-build fast-tests process-tests ## unit, simulation and integration tests: no cluster, no root

test: ## all kinds of tests, as CI runs them, and at the end what was wrong; test/ci has the stages (root)
	@command -v python3 >/dev/null || { echo "make test: python3 is missing: apt-get install python3" >&2; exit 1; }
	@$(python) test/ci/run.py

cluster: test-dependencies ## bring that cluster up and leave it running (root)
	$(as_root) test/cluster/cluster.py up

cluster-down: ## take it down
	$(as_root) test/cluster/cluster.py down

release: build-dependencies ## build/release/podmedic: one static program, small and stripped
	cmake --preset release --log-level=WARNING
	cmake --build --preset release --target podmedic

image: test-dependencies ## the container image, as the OCI archive build/podmedic.oci.tar
	deploy/image.sh

bench: test-dependencies model-server ## measure podmedic beside what it is compared with (root)
	go -C test/tools build -o ../../build/tools/ github.com/grpc-ecosystem/grpc-health-probe
	$(as_root) /usr/bin/python3 test/bench/bench.py --model-server $(servers)/model-server

clean: ## remove what was built, but not what was fetched
	@[ ! -e build/cluster ] || { echo "build/cluster is left: make cluster-down, then remove it as root"; }
	find build -mindepth 1 -maxdepth 1 ! -name cluster ! -name third_party -exec rm -rf {} + 2>/dev/null || true

# The parts of the targets above.

build-dependencies:
	@base/install_dependencies.sh build

test-dependencies:
	@base/install_dependencies.sh test

model-server: release
	cmake --build --preset release --target model-server

dev-build:
	cmake --preset dev --log-level=WARNING
	cmake --build --preset dev

fast-tests: ## kind "fast": pure and in virtual time, on all processors (after make dev-build)
	$(ctest) --label-regex '^fast$$'

process-tests: ## kind "process": real processes on loopback, one at a time (after make dev-build)
	$(ctest) --label-regex '^integration$$' --parallel 1

cluster-images: image model-server

cluster-programs:
	$(as_root) test/cluster/cluster.py build

cluster-tests: test-dependencies ## kinds "cluster-safety" and "cluster-progress": on a real Kubernetes of one node (root)
	$(cluster_pytest) -m "not gate_off"

# Tests that need a cluster with the feature off bring up one of their own.
kubelet-gate-off-tests: test-dependencies
	CLUSTER_GATES_OFF=kubelet:$(gate) $(cluster_pytest) -m gate_off

gate-off-tests: test-dependencies
	CLUSTER_GATES_OFF=$(gate) $(cluster_pytest) -m gate_off
