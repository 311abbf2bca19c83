#!/usr/bin/env bash
# Find Emscripten, or install it, and run commands with it.
#
#   wasm/toolchain.sh id             print what is used, e.g. "emcc 6.0.5", installing it if need be
#   wasm/toolchain.sh versions       print the versions of Emscripten and of its musl, e.g. "6.0.5 1.2.6"
#   wasm/toolchain.sh run CMD ...    run CMD in the current directory, with emcc, emar and emranlib on PATH
#
# In this order:
#   1. emcc on PATH, or in the SDK that EMSDK names, of a version we support
#   2. the cache: what an earlier run installed
#   3. Emscripten's own installer (emsdk), at the pinned version
#   4. on Debian, as root: Debian testing's emscripten, in a root directory of its own under the cache.
#      It is entered with a private mount namespace, so nothing stays mounted, and the machine's own apt
#      configuration and packages are not touched (debootstrap is the one package that is installed, if it
#      is not there).
# LSW_TOOLCHAIN=path|emsdk|debian tries that one alone.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/sh-common.sh"

emsdk_dir=$CACHE/emsdk-$EMSCRIPTEN_VERSION
root_dir=$CACHE/emscripten-root-$EMSCRIPTEN_VERSION
# Emscripten keeps its compiled system libraries here. Cleared of nothing, shared by all kinds.
em_cache=$CACHE/emscripten-cache-$EMSCRIPTEN_VERSION

version_of() { "$@" --version 2>/dev/null | sed -n '1s/.* \([0-9][0-9]*\.[0-9][0-9]*\.[0-9][0-9]*\).*/\1/p'; }

supported() {
  [ -n "$1" ] && [ "${1%%.*}" = "${EMSCRIPTEN_MINIMUM%%.*}" ] &&
    [ "$(printf '%s\n' "$EMSCRIPTEN_MINIMUM" "$1" | sort -V | head -n 1)" = "$EMSCRIPTEN_MINIMUM" ]
}

# Each kind has find_KIND (quick; sets `kind` and `version` if it is usable now) and maybe install_KIND.

find_path() {
  local dir=''
  if ! command -v emcc >/dev/null; then
    dir=${EMSDK:+$EMSDK/upstream/emscripten}
    [ -n "$dir" ] && [ -x "$dir/emcc" ] || return 1
  fi
  version=$(PATH="${dir:+$dir:}$PATH" version_of emcc) || return 1
  if ! supported "$version"; then
    say "toolchain.sh: the emcc found is version ${version:-unknown}; supported are $EMSCRIPTEN_MINIMUM and later ${EMSCRIPTEN_MINIMUM%%.*}.x"
    return 1
  fi
  kind=path path_dir=$dir
}

find_emsdk() {
  [ -x "$emsdk_dir/upstream/emscripten/emcc" ] || return 1
  kind=emsdk version=$EMSCRIPTEN_VERSION path_dir=$emsdk_dir/upstream/emscripten
}

install_emsdk() {
  command -v git >/dev/null || { echo "git is not installed"; return 1; }
  rm -rf "$emsdk_dir.part"
  git -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=20 clone --quiet --depth 1 --branch "$EMSCRIPTEN_VERSION" \
    https://github.com/emscripten-core/emsdk.git "$emsdk_dir.part" &&
    "$emsdk_dir.part/emsdk" install "$EMSCRIPTEN_VERSION" &&
    "$emsdk_dir.part/emsdk" activate "$EMSCRIPTEN_VERSION" || { rm -rf "$emsdk_dir.part"; return 1; }
  # emsdk writes absolute paths into its configuration, hence after the move.
  mv "$emsdk_dir.part" "$emsdk_dir" && "$emsdk_dir/emsdk" activate "$EMSCRIPTEN_VERSION"
}

find_debian() {
  # The stamp is written last, with the version that was verified then.
  [ "$(id -u)" = 0 ] && [ -f "$root_dir/.lsw-complete" ] || return 1
  kind=debian version=$(cat "$root_dir/.lsw-complete")
}

install_debian() {
  [ "$(id -u)" = 0 ] || { echo "this needs root"; return 1; }
  [ -f /etc/debian_version ] || { echo "this is not Debian"; return 1; }
  unshare --mount true || { echo "mount namespaces are not allowed here"; return 1; }
  local mirror part=$root_dir.part
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || { echo "apt names no Debian mirror"; return 1; }
  if ! command -v debootstrap >/dev/null; then
    # The machine's index may be absent or old; renewing it changes no configuration.
    apt-get -qq install --yes --no-install-recommends debootstrap ||
      { apt-get -qq update && apt-get -qq install --yes --no-install-recommends debootstrap; } || return 1
  fi
  rm -rf "$part"
  mkdir -p "$part"
  # "sid" names debootstrap's script: an older Debian has none called forky.
  debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    forky "$part" "$mirror" sid || return 1
  echo 'Acquire::Check-Valid-Until "false";' >"$part/etc/apt/apt.conf.d/90lsw"
  in_root "$part" / sh -c 'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes \
    --no-install-recommends emscripten make perl && apt-get clean' || return 1
  local found
  found=$(version_of in_root "$part" / emcc)
  supported "$found" || { echo "Debian testing has emscripten ${found:-unknown}, which is not supported"; return 1; }
  rm -rf "$root_dir"
  mv "$part" "$root_dir"
  printf '%s\n' "$found" >"$root_dir/.lsw-complete"
}

# in_root ROOT DIR CMD...: run CMD in ROOT, in DIR, with the caches and this checkout bound at their own paths.
in_root() {
  local root=$1 dir=$2; shift 2
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount --propagation private sh -euc '
    root=$1 dir=$2 cache=$3 repo=$4 em_cache=$5; shift 5
    for d in "$cache" "$repo" /proc /dev; do
      mkdir -p "$root$d"
      mount --rbind "$d" "$root$d"
    done
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
    # Only what the build means to pass on: a stray CFLAGS or LANG must not change the bytes.
    exec chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      HOME=/root LC_ALL=C.UTF-8 EM_CACHE="$em_cache" SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}" \
      ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
      sh -euc "cd \"\$1\"; shift; exec \"\$@\"" sh "$dir" "$@"
  ' sh "$root" "$dir" "$CACHE" "$REPO" "$em_cache" "$@"
}

find_any() {
  local k
  for k in ${LSW_TOOLCHAIN:-path emsdk debian}; do
    if "find_$k"; then return 0; fi
  done
  return 1
}

install_any() {
  local k
  for k in ${LSW_TOOLCHAIN:-emsdk debian}; do
    [ "$k" != path ] || continue
    if step "Emscripten $EMSCRIPTEN_VERSION by $k" "install_$k" && "find_$k"; then return 0; fi
  done
  die "no Emscripten. Install version $EMSCRIPTEN_VERSION (emsdk install $EMSCRIPTEN_VERSION) and put emcc on PATH or set EMSDK;" \
    "or run this as root on Debian, where it installs Debian testing's in a directory of its own"
}

mkdir -p "$CACHE" "$em_cache"
find_any || { with_lock toolchain install_any && find_any; } || exit 1

run() {
  if [ "$kind" = debian ]; then
    in_root "$root_dir" "$PWD" "$@"
  else
    [ -z "$path_dir" ] || PATH=$path_dir:$PATH
    # With an Emscripten of the user's own, its own cache is the place for its system libraries.
    exec "$@"
  fi
}

case "${1:-}" in
  id) printf 'emcc %s\n' "$version" ;;
  # shellcheck disable=SC2016 # expanded by the inner shell
  versions) printf '%s ' "$version"; run sh -euc 'cat "$(em-config EMSCRIPTEN_ROOT)/system/lib/libc/musl/VERSION"' ;;
  run) shift; run "$@" ;;
  *) die "usage: toolchain.sh id | versions | run CMD..." ;;
esac
