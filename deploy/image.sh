#!/bin/sh
# Builds build/release/podmedic (static, stripped, small) and puts it, by the Dockerfile's last stage, into the OCI
# archive build/podmedic.oci.tar, and prints its digest. The same program gives the same bytes. Needs neither a Docker
# daemon nor the network; the container tools are Debian's buildah.
set -eu
cd "$(dirname "$0")/.."

command -v buildah >/dev/null || { echo "deploy/image.sh: buildah is missing: apt-get install buildah" >&2; exit 1; }
version=$(sed -n 's/^project(podmedic VERSION \([^ ]*\).*/\1/p' CMakeLists.txt)

cmake --preset release --log-level=WARNING
cmake --build --preset release --target podmedic

work=$(mktemp -d build/image.XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir "$work/image"
install -m 0711 build/release/podmedic "$work/image/podmedic"
# The named context stands in for the stage `build`, which is therefore not run.
buildah --root "$PWD/$work/storage" --runroot "$PWD/$work/run" --storage-driver vfs \
  build --quiet --isolation chroot --pull-never --timestamp 0 --target final --build-context "build=$PWD/$work" \
  --label "org.opencontainers.image.version=$version" --tag "oci:$work/layout" --file Dockerfile .
tar --create --file "$work/podmedic.oci.tar" --directory "$work/layout" --format ustar --sort name --mtime @0 \
  --owner 0 --group 0 --numeric-owner --mode u=rwX,go=rX blobs index.json oci-layout
mv "$work/podmedic.oci.tar" build/podmedic.oci.tar
digest=$(sed -n 's/.*"digest":"\(sha256:[0-9a-f]*\)".*/\1/p' "$work/layout/index.json")
echo "build/podmedic.oci.tar: podmedic $version, $digest"
