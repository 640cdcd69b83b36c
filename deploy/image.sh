#!/bin/sh
# Builds build/release/podmedic (static, stripped, small) and puts it, by the Dockerfile's last stage, into the OCI
# archive build/podmedic.oci.tar. Needs neither a Docker daemon nor the network; the container tools are Debian's buildah.
set -eu
cd "$(dirname "$0")/.."

command -v buildah >/dev/null || { echo "deploy/image.sh: buildah is missing: apt-get install buildah" >&2; exit 1; }
version=$(sed -n 's/^project(podmedic VERSION \([^ ]*\).*/\1/p' CMakeLists.txt)

cmake -G Ninja -S . -B build/release -DCMAKE_BUILD_TYPE=MinSizeRel -DPODMEDIC_TESTS=OFF >/dev/null
ninja -C build/release podmedic

rm -rf build/image
mkdir -p build/image/image
cp build/release/podmedic build/image/image/podmedic
# The named context stands in for the stage `build`, which is therefore not run.
buildah --root "$PWD/build/image/storage" --runroot "$PWD/build/image/run" --storage-driver vfs \
  build --quiet --isolation chroot --pull-never --timestamp 0 --target final --build-context "build=$PWD/build/image" \
  --label "org.opencontainers.image.version=$version" --tag oci-archive:build/podmedic.oci.tar --file Dockerfile .
rm -rf build/image
echo "build/podmedic.oci.tar: podmedic $version"
