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
as_root := $(if $(filter 0,$(shell id -u)),,sudo --preserve-env=PATH,HOME,GOPATH,GOCACHE,GOMODCACHE,GOPROXY,CCACHE_DIR)
pytest := $(as_root) /usr/bin/python3 -m pytest

.PHONY: help demo check test cluster cluster-down release image bench clean \
        build-dependencies test-dependencies model-server unit-tests cluster-tests

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand --tabs=22

demo: model-server ## build, then see a wedged gRPC server heal, with no cluster and no root
	build/release/podmedic rehearse -f $(example)/pod.yaml --scenario $(example)/scenario.yaml --path $(servers)

check: unit-tests ## unit, simulation and integration tests: under a minute when warm

test: test-dependencies unit-tests cluster-tests ## all of that, and the tests on a real one-node Kubernetes (root)

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

unit-tests: build-dependencies
	cmake --preset dev --log-level=WARNING
	cmake --build --preset dev
	ctest --preset dev

# Tests that need a cluster with the feature off bring up one of their own.
cluster-tests: test-dependencies
	$(pytest) test/cluster -m "not gate_off"
	$(as_root) env CLUSTER_GATES_OFF=kubelet:$(gate) /usr/bin/python3 -m pytest test/cluster -m gate_off
	$(as_root) env CLUSTER_GATES_OFF=$(gate) /usr/bin/python3 -m pytest test/cluster -m gate_off
