#!/usr/bin/env bash
# check.sh SOURCE: does all that names parts of OpenSSL fit the release that is unpacked there? The lists of wasm/trim, and the functions
# that wasm/shim/lsw.h binds. Run by openssl-src/build.sh before anything is compiled; what does not fit is said at once, in words.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/sh-common.sh"
cd "$REPO"

source=$1 failed=0
edited=$(mktemp -d)
# shellcheck disable=SC2064 # the directory's name is to be read now
trap "rm -rf '$edited'" EXIT
wrong() { say "$@"; failed=1; }

mapfile -t lists < <(grep -l '^file ' wasm/trim/*.list)
node_modules/.bin/tsx wasm/trim/edit-sources.ts "$source" "$edited" "${lists[@]}" || failed=1
node_modules/.bin/tsx wasm/trim/cut-oids.ts "$source" "$edited" wasm/trim/oids.list || failed=1
while read -r path; do
  [ -f "$source/$path" ] || wrong "fast.list: OpenSSL has no $path any more"
done < <(sed -n 's/^\([a-z][^ ]*\.c\) .*/\1/p' wasm/trim/fast.list)

# What frees is declared by a macro that is given the type.
words() { grep -oE '[A-Za-z0-9_]+' | sed 's/_free$//' | LC_ALL=C sort -u; }
declared=$(find "$source/include/openssl" -name '*.h' -o -name '*.h.in' | xargs cat | words)
bound=$(sed -nE 's/^[A-Za-z][A-Za-z0-9_ *]*[ *]([A-Za-z0-9_]+)\(.*/\1/p' wasm/shim/lsw.h | grep -vE '^(lsw|LSW)_' | words)
unknown=$(LC_ALL=C comm -23 <(printf '%s\n' "$bound") <(printf '%s\n' "$declared"))
[ -z "$unknown" ] || wrong "wasm/shim/lsw.h: OpenSSL has no" $unknown

[ "$failed" -eq 0 ] || say "OpenSSL $OPENSSL_VERSION is not the release that these were made for: each line above names what to change"
exit "$failed"
