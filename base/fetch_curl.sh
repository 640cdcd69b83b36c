#!/bin/sh
# Puts curl's release tarball at $1/curl-8.14.1.tar.gz, the same bytes whichever way they come.
#
# Debian 12's own libcurl (7.88.1) breaks the reuse of HTTP/2 connections and cannot be linked statically, so one
# pinned curl is built into every podmedic. Two routes: upstream's release, and, where that cannot be reached,
# Debian's source package through apt.
set -eu

version=8.14.1
sha256=6766ada7101d292b42b8b15681120acd68effa4a9660935853cf6d61f0d984d4
directory=${1:?usage: fetch_curl.sh DIRECTORY}
tarball=$directory/curl-$version.tar.gz
kept=${XDG_CACHE_HOME:-$HOME/.cache}/podmedic/$sha256 # for other clones
mkdir -p "$directory"

is_right() { [ -f "$1" ] && echo "$sha256  $1" | sha256sum --check --status; }

from_upstream() {
  url=https://curl.se/download/curl-$version.tar.gz
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --connect-timeout 5 --max-time 120 --output "$tarball.part" "$url"
  elif command -v wget >/dev/null; then
    wget --quiet --tries=1 --timeout=10 --output-document="$tarball.part" "$url"
  else
    return 1
  fi
}

# apt with lists and sources of its own, so that the machine's configuration stays as it is.
from_debian() {
  command -v apt-get >/dev/null || return 1
  site=$(apt-get indextargets --format '$(SITE)' 'Codename: bookworm' 2>/dev/null | head -n 1)
  [ -n "$site" ] || site=$(apt-get indextargets --format '$(SITE)' | head -n 1)
  apt=$(cd "$directory" && pwd)/apt
  mkdir -p "$apt/lists/partial" "$apt/cache"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site trixie main" >"$apt/sources.list"
  set -- -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root
  apt-get "$@" update >"$apt/log" 2>&1 || return 1
  for release in $(apt-cache "$@" showsrc curl | sed -n "s/^Version: \($version-.*\)/\1/p" | sort -u); do
    # May exit non-zero because a security update replaced the .dsc while the .orig, which is all we need, is there.
    (cd "$apt" && apt-get "$@" source --download-only "curl=$release" >>log 2>&1) || true
    if is_right "$apt/curl_$version.orig.tar.gz"; then
      cp "$apt/curl_$version.orig.tar.gz" "$tarball.part"
      return 0
    fi
  done
  return 1
}

from_cache() { is_right "$kept" && cp "$kept" "$tarball.part"; }

keep() {
  mkdir -p "${kept%/*}" && cp "$tarball" "$kept.$$" && mv "$kept.$$" "$kept" || rm -f "$kept.$$"
}

is_right "$tarball" && exit 0
for route in from_cache from_upstream from_debian; do
  if "$route" 2>"$directory/fetch-$route.log" && is_right "$tarball.part"; then
    mv "$tarball.part" "$tarball"
    keep
    exit 0
  fi
done
tail -n 5 "$directory"/fetch-*.log "$directory/apt/log" >&2 2>/dev/null || true
echo "curl $version: neither upstream nor Debian's source package could be reached." >&2
echo "Put curl-$version.tar.gz (sha256 $sha256) into $directory and run this again." >&2
exit 1
