#!/usr/bin/env bash
# Builds the committed sources again, from nothing, in another place with caches of its own, and compares the SHA-256
# of libssl.wasm with what lies in lib/. Run by `./build.sh reproduce`; takes as long as a first build.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"

[ -z "$(git -C "$REPO" status --porcelain -- wasm openssl-src versions.env)" ] || die "commit first: what is built again is what is committed"
dir=$(mktemp -d)
# shellcheck disable=SC2064 # the directory's name is to be read now
trap "rm -rf '$dir'" EXIT
git clone --quiet "$REPO" "$dir/checkout"
XDG_CACHE_HOME=$dir/cache "$dir/checkout/build.sh"

here=$(sha256sum <"$REPO/lib/libssl-wasm/libssl.wasm")
there=$(sha256sum <"$dir/checkout/lib/libssl-wasm/libssl.wasm")
say "here:  ${here%% *}"
say "again: ${there%% *}"
[ "$here" = "$there" ] || die "the two builds differ"
say 'the two builds are byte-identical'
