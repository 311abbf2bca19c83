#!/usr/bin/env bash
# Obtain Node's own tests and the Node that they belong to, and print the directory that holds both:
# `tools/node-tests/obtain.sh 22` or `24`. There are `node/bin/node` and `test/` in it.
#
# Sources of the tests, in this order: the tarball named by NODE_TESTS_TARBALL (and then no other), Debian's archive by apt.
# Fails closed: what has another hash than the one in versions.env is not unpacked. Node comes from npm, by the lock file.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../sh-common.sh"
here=$REPO/tools/node-tests

major=${1:-}
case "$major" in
  22) version=$NODE_TESTS_22_VERSION sha256=$NODE_TESTS_22_SHA256 ;;
  24) version=$NODE_TESTS_24_VERSION sha256=$NODE_TESTS_24_SHA256 ;;
  *) die 'say which: 22 or 24' ;;
esac
openssl=$(command -v openssl) || die 'openssl is not installed (Debian: openssl)'
tarball=nodejs_$version.orig.tar.xz
out=$CACHE/node-tests-$major-$(hash_of "$sha256" "$here/package-lock.json" "$here/obtain.sh")

# The tarball alone: the rest of the source package is not needed, and is not kept for as long.
from_debian() {
  local apt full uri
  private_apt "$1/apt" deb-src 'sid forky' || return 1
  full=$(apt-cache "${apt[@]}" showsrc nodejs | sed -n 's/^Version: //p' | grep -F -- "$version-" | head -n 1)
  [ -n "$full" ] || { say "Debian: no suite has nodejs $version any more"; return 1; }
  uri=$(apt-get "${apt[@]}" source --print-uris "nodejs=$full" | sed -n "s/^'\(.*\)' \(.*\.orig\.tar\.xz\) .*/\1/p")
  /usr/lib/apt/apt-helper "${apt[@]}" download-file "$uri" "$1/$tarball" "SHA256:$sha256"
}

node_from_npm() {
  mkdir "$1/npm"
  cp "$here"/package*.json "$1/npm"
  (cd "$1/npm" && npm ci --no-audit --no-fund --ignore-scripts)
  mv "$1/npm/node_modules/node$major" "$1/new/node"
}

unpack() {
  tar -xf "$1" -C "$2" --strip-components=1 --no-same-owner --wildcards --no-wildcards-match-slash \
    --exclude='*/test/fixtures/wpt' '*/test/parallel' '*/test/common' '*/test/fixtures'
}

obtain() {
  [ ! -d "$out" ] || return 0
  local work
  work=$(mktemp -d "$CACHE/node-tests.XXXXXX")
  # shellcheck disable=SC2064 # the directory's name is to be read now
  trap "rm -rf '$work'" EXIT
  mkdir "$work/new"
  if [ -n "${NODE_TESTS_TARBALL:-}" ]; then
    cp "$NODE_TESTS_TARBALL" "$work/$tarball"
  else
    step "tests of Node $major from Debian" from_debian "$work" ||
      die "apt does not have $tarball; download it yourself and set NODE_TESTS_TARBALL to its path"
  fi
  [ "$(sha256sum <"$work/$tarball" | cut -d' ' -f1)" = "$sha256" ] || die "$tarball has not the SHA-256 $sha256: thrown away"
  unpack "$work/$tarball" "$work/new"
  step "Node $major from npm" node_from_npm "$work"
  # Where Node's tests look for OpenSSL's command.
  ln -s "$openssl" "$work/new/node/bin/openssl-cli"
  mv "$work/new" "$out"
}

with_lock node-tests obtain
printf '%s\n' "$out"
