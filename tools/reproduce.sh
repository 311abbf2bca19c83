#!/usr/bin/env bash
# Builds the committed sources again, from nothing, in another place with caches of its own, and compares the SHA-256 of
# libssl.wasm and of the list of parts with what lies in lib/. Run by `./build.sh reproduce`; takes as long as a first build.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"

[ -z "$(git -C "$REPO" status --porcelain -- wasm openssl-src versions.env)" ] || die "commit first: what is built again is what is committed"
dir=$(mktemp -d)
# shellcheck disable=SC2064 # the directory's name is to be read now
trap "rm -rf '$dir'" EXIT
git clone --quiet "$REPO" "$dir/checkout"
XDG_CACHE_HOME=$dir/cache "$dir/checkout/build.sh"

for file in lib/libssl-wasm/libssl.wasm lib/sbom.cdx.json; do
  here=$(sha256sum <"$REPO/$file")
  there=$(sha256sum <"$dir/checkout/$file")
  say "$file: here ${here%% *}, again ${there%% *}"
  [ "$here" = "$there" ] || die "the two builds differ in $file"
done
say 'the two builds are byte-identical'
