#!/usr/bin/env bash
# Move the pin of OpenSSL to another release, then build, compare and test. Run by `./build.sh update-openssl VERSION [ARGS...]`,
# ARGS going to vitest.
#
# The tarball, its signature and the key come from upstream or from Debian's source package; or, without any network, from the files
# named by OPENSSL_TARBALL (the signature beside it, as .asc) and OPENSSL_KEYS. The signature must be good, by the key whose fingerprint
# versions.env pins: until then nothing is changed. For the version that is pinned already this is a check of the pin, and all.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/sh-common.sh"
. "$REPO/openssl-src/sources.sh"
cd "$REPO"

version=${1:-}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "say which release, for example $OPENSSL_VERSION: ./build.sh update-openssl VERSION"
shift
command -v gpgv >/dev/null || die 'gpgv is not installed, and without it no signature is verified (Debian: gpgv)'

mkdir -p "$CACHE"
work=$(mktemp -d "$CACHE/update.XXXXXX")
trap 'rm -rf "$work"' EXIT
tarball=$work/openssl-$version.tar.gz

obtain() {
  if [ -n "${OPENSSL_TARBALL:-}" ]; then
    cp "$OPENSSL_TARBALL" "$tarball" && cp "$OPENSSL_TARBALL.asc" "$tarball.asc" ||
      die "OPENSSL_TARBALL=$OPENSSL_TARBALL needs the signature beside it, as $(basename "$OPENSSL_TARBALL").asc"
    cp "${OPENSSL_KEYS:?OPENSSL_KEYS must name a file with the public key that signs releases}" "$work/keys.asc"
    return
  fi
  local source
  for source in from_upstream from_debian; do
    step "OpenSSL $version ${source//_/ }, signed" "signed_$source" "$version" "$work" && return
  done
  die "no source has OpenSSL $version with its signature; nothing was changed. Download openssl-$version.tar.gz, its .asc and the key" \
    'yourself, and set OPENSSL_TARBALL and OPENSSL_KEYS to their paths'
}

verify() {
  # gpgv reads binary keys.
  awk '/^-----BEGIN PGP PUBLIC/ { on = 1; next } /^(=|-----END)/ { on = 0 } on && /^[A-Za-z0-9+\/=]+$/' "$work/keys.asc" |
    base64 -d >"$work/keys.gpg" || die "the key is not one in text form (BEGIN PGP PUBLIC KEY BLOCK)"
  local status
  status=$(gpgv --keyring "$work/keys.gpg" --status-fd 1 "$tarball.asc" "$tarball" 2>"$work/gpgv.log") ||
    die "the signature of openssl-$version.tar.gz is not good; nothing was changed. gpgv says:"$'\n'"$(cat "$work/gpgv.log")"
  # The last word of VALIDSIG is the primary key, of which the one that signs may be a part.
  grep -q "^\[GNUPG:\] VALIDSIG .* $OPENSSL_SIGNING_KEY\$" <<<"$status" ||
    die "openssl-$version.tar.gz is signed, but not by the key that versions.env pins ($OPENSSL_SIGNING_KEY); nothing was changed." \
      "If doc/fingerprints.txt of OpenSSL $OPENSSL_VERSION names the other one, pin that first. gpgv says:"$'\n'"$(cat "$work/gpgv.log")"
  say "OpenSSL $version: the signature is good, by $OPENSSL_SIGNING_KEY"
  local named
  named=$(tar -xOf "$tarball" "openssl-$version/doc/fingerprints.txt" | tr -d ' ') || die "openssl-$version.tar.gz has no doc/fingerprints.txt"
  grep -q "^$OPENSSL_SIGNING_KEY\$" <<<"$named" ||
    say "mind: doc/fingerprints.txt of $version does not name that key any more; look there for the next one"
}

obtain
verify
sha256=$(sha256sum <"$tarball" | cut -d' ' -f1)
say "SHA-256 $sha256"
if [ "$version" = "$OPENSSL_VERSION" ]; then
  [ "$sha256" = "$OPENSSL_SHA256" ] || die "versions.env pins another file as OpenSSL $version ($OPENSSL_SHA256). Find out why before anything else"
  say "versions.env pins this release, and this file"
  exit
fi
[ "$(printf '%s\n' "$OPENSSL_VERSION" "$version" | sort -V | tail -n 1)" = "$version" ] || say "mind: $version is older than $OPENSSL_VERSION"

# What is there now, to compare with.
./build.sh
rm -rf build/before
mkdir -p build/before
cp -r dist lib package.json build/before/

mv "$tarball" "$CACHE/openssl-$version.tar.gz"
sed -i -e "s/^OPENSSL_VERSION=.*/OPENSSL_VERSION=$version/" -e "s/^OPENSSL_SHA256=.*/OPENSSL_SHA256=$sha256/" versions.env
say "versions.env: OpenSSL $OPENSSL_VERSION -> $version (back again: git checkout versions.env && ./build.sh)"
./build.sh
node_modules/.bin/tsx bench/builds.ts build/before .
./build.sh test "$@" || die "OpenSSL $version is pinned now, but tests fail"
say "OpenSSL $version is pinned, built and tested. What is left to do by hand is in RELEASING.md"
