#!/bin/sh
# All of a release, in build/dist: the program, its image and that image's digest, the bill of materials, and SHA256SUMS
# of them. Nothing is published. The same sources and the same Debian packages give the same bytes.
set -eu
cd "$(dirname "$0")/.."

mkdir -p build
deploy/image.sh >build/image.log || { cat build/image.log; exit 1; }
version=$(sed -n 's/^project(podmedic VERSION \([^ ]*\).*/\1/p' CMakeLists.txt)
name=podmedic-$version

rm -rf build/dist
mkdir build/dist
install -m 755 build/release/podmedic "build/dist/$name-linux-$(dpkg --print-architecture)"
install -m 644 build/podmedic.oci.tar "build/dist/$name.oci.tar"
sed -n 's/.*, \(sha256:[0-9a-f]*\)$/\1/p' build/image.log >"build/dist/$name.image-digest"
deploy/sbom.py >"build/dist/$name.cdx.json"
cd build/dist
sha256sum -- * >SHA256SUMS
cat SHA256SUMS
echo "image: podmedic@$(cat "$name.image-digest")"
