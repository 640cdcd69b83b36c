#!/bin/sh
# Builds build/release/podmedic a second time, from the same sources in another directory and without the compiler's cache,
# and compares the two. Takes as long as a cold build.
set -eu
cd "$(dirname "$0")/../.."

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
mkdir -p "$elsewhere/a/longer/name/build/third_party"
git ls-files -z | xargs -0 cp --parents --target-directory "$elsewhere/a/longer/name"
cp build/third_party/curl-*.tar.gz "$elsewhere/a/longer/name/build/third_party/"
(
  cd "$elsewhere/a/longer/name"
  export CCACHE_DISABLE=1
  cmake --preset release --log-level=WARNING
  cmake --build --preset release --target podmedic
)
cmp build/release/podmedic "$elsewhere/a/longer/name/build/release/podmedic"
echo "the same bytes: $(sha256sum <build/release/podmedic)"
