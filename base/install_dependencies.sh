#!/bin/sh
# Installs what podmedic is built and tested with, from Debian's packages. Usage:
# install_dependencies.sh build|check|test|lint: check has build's too, and test and lint have check's.
# Does nothing where all is there; says what it installs; where it cannot, names what is needed.
set -eu

build="g++ cmake ninja-build ccache pkg-config ca-certificates libboost1.81-dev libssl-dev libnghttp2-dev libc-ares-dev
  zlib1g-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libyaml-cpp-dev libcli11-dev
  libgrpc++-dev libgtest-dev libgmock-dev librapidcheck-dev"
# What `make check` runs beside our own: shippers, servers, clients.
check="iptables iproute2 openssl python3 python3-yaml python3-prometheus-client rsyslog logtail nginx-light
  haproxy prometheus python3-pip spin fish zsh"
# Beside them the browser for the page, and what stands in the Pods of examples/.
test="gcc etcd-server runc containernetworking-plugins buildah umoci python3-pytest chromium fonts-inter python3-pil
  nats-server redis-server prometheus-redis-exporter"

lint="clang-19 libclang-rt-19-dev clang-tidy-19 clang-format-19 codespell"

case ${1:-} in
  build) wanted=$build ;;
  check) wanted="$build $check" ;;
  test) wanted="$build $check $test" ;;
  lint) wanted="$build $check $lint" ;;
  *) echo "usage: $0 build|check|test|lint" >&2; exit 2 ;;
esac

fail() {
  echo "podmedic: $1" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "installing packages needs root, and sudo is not there. As root: apt-get install $missing"
  fi
}

install_missing() {
  installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')
  missing=
  for package in $wanted; do
    case "
$installed
" in
      *"
$package
"*) ;;
      *) missing="$missing $package" ;;
    esac
  done
  [ -n "$missing" ] || return 0
  echo "podmedic: installing Debian packages:$missing"
  log=$(mktemp)
  get="apt-get --option DPkg::Lock::Timeout=300 --option Acquire::Retries=3"
  # RUNLEVEL: the servers among them are for the tests, and not to be started as services.
  install="env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $get install --yes --no-install-recommends"
  # shellcheck disable=SC2086  # lists of words
  {
    as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a >"$log" 2>&1 || true # a run that was killed may have stopped half way
    as_root $install $missing >>"$log" 2>&1 || # the lists may be missing, or old
      { as_root $get update >>"$log" 2>&1 && as_root $install $missing >>"$log" 2>&1; } ||
      { tail -n 15 "$log" >&2 && fail "could not install:$missing"; }
  }
  rm -f "$log"
}

# The build needs Debian 12's packages; elsewhere their counterparts do, and CMake names what it does not find.
name_what_is_needed() {
  for program in g++ cmake ninja pkg-config; do
    command -v $program >/dev/null ||
      fail "$program is missing, and there is no apt-get here. Install the counterparts of Debian's packages: $(echo $wanted)"
  done
}

need_go() {
  found=$(go env GOVERSION 2>/dev/null || true)
  release=${found#go1.}
  case ${release%%[!0-9]*} in
    '') fail "Go is missing: the tests build Kubernetes with it. Install Go 1.26 or newer (https://go.dev/doc/install) and put it in PATH" ;;
    ?|1?|2[0-5]) fail "$found is too old: the tests build Kubernetes with Go 1.26 or newer (https://go.dev/doc/install)" ;;
  esac
}

if command -v apt-get >/dev/null; then install_missing; else name_what_is_needed; fi
if [ "$1" != build ]; then need_go; fi
