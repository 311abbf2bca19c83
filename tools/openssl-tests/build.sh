#!/usr/bin/env bash
# OpenSSL with its test programs, configured as the product's libraries are but for what the programs need. Once for each set of
# inputs; some minutes on two cores. Prints the tree, in which `make test` would run.
#
#   tools/openssl-tests/build.sh wasm [PROGRAM...]     in WebAssembly, run by node, with wasm/kernels and the cuts of wasm/trim
#   tools/openssl-tests/build.sh uncut [PROGRAM...]    the same, and nothing is cut but by its headers.list and parameters.list
#   tools/openssl-tests/build.sh native                for this machine, with neither
#
# PROGRAM is test/NAME, fuzz/NAME or apps/openssl; without any, all are linked. LIBSSL_WASM_KERNELS=off is without wasm/kernels.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../sh-common.sh"
cd "$REPO"
kind=${1:?wasm, uncut or native}
programs=("${@:2}")

# What the product's configuration leaves out and the programs need. RFC 6979's signatures can be compared.
needs='no-apps no-stdio no-posix-io no-sock no-tests no-filenames no-hmac-drbg-kdf'
# They read and write the machine's files. The link's own optimizer is left out: it would take twenty minutes for all programs.
link_flags='-O0 -msimd128 -sASSERTIONS=0 -sNODERAWFS -sALLOW_MEMORY_GROWTH -sINITIAL_MEMORY=32MB -sEXIT_RUNTIME -sSTACK_SIZE=1MB'
link_flags+=' -sENVIRONMENT=node'

in_toolchain() { if [ "$libraries" = native ]; then "$@"; else "$REPO/wasm/toolchain.sh" run "$@"; fi; }

configure() {
  local args=() arg target=()
  while read -r arg; do
    [[ " $needs " == *" $arg "* ]] || args+=("$arg")
  done < <(sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$REPO/openssl-src/configure.args")
  [ "$libraries" = native ] || target=(--config=openssl-target.conf libssl-wasm)
  in_toolchain perl ./Configure "${target[@]}" "${args[@]}"
}

# The libraries as the product's are compiled, the programs' objects as they come.
compile() {
  local objects
  objects=$(sed -n 's/^\(\(apps\|fuzz\|test\)\/[^ :]*\.o\):.*/\1/p' Makefile | sort -u)
  if [ "$libraries" = native ]; then
    make -s -j"$(nproc)" build_libs
  else
    in_toolchain sh -c 'PATH=$0:$PATH exec make -s -j"$1" CC=cc-by-list build_libs' "$REPO/wasm/trim/bin" "$(nproc)"
  fi
  # shellcheck disable=SC2086 # names of files
  in_toolchain make -s -j"$(nproc)" $objects
  find . -type f -name '*.d' -delete # they name headers of this checkout, which the tree outlives
}

build_base() {
  [ ! -f "$base/complete" ] || return 0
  rm -rf "$base"
  openssl-src/fetch.sh unpack "$base"
  if [ "$libraries" = wasm ]; then
    step "$label: edited, by wasm/trim" node_modules/.bin/tsx wasm/trim/edit-sources.ts "$base" "$base" wasm/trim/{headers,parameters}.list
    cp wasm/trim/param_fields.pm "$base/util/perl/OpenSSL/"
    cp wasm/openssl-target.conf "$base/"
  fi
  cd "$base"
  ln -s . source # where wasm/Makefile looks for the sources
  step "$label: configure" configure
  step "$label: generate" in_toolchain make -s -j"$(nproc)" build_generated
  step "$label: compile" compile
  [ "$libraries" = wasm ] || step "$label: programs" make -s -j"$(nproc)" build_programs
  touch complete
  cd "$REPO"
}

inputs=("$OPENSSL_SHA256" openssl-src/configure.args "$needs" "$(declare -f configure compile build_base)")
case $kind in
  wasm | uncut)
    inputs+=("$(wasm/toolchain.sh id)" wasm/openssl-target.conf wasm/trim/bin/cc-by-list wasm/trim/fast.list
      wasm/trim/include/openssl/err.h wasm/trim/include/param-fields.h
      wasm/trim/{param_fields.pm,parameters.list,headers.list,edit-sources.ts})
    libraries=wasm
    ;;
  native)
    inputs+=("$(cc -dumpmachine) $(cc -dumpfullversion)")
    libraries=native
    ;;
  *) die "unknown kind $kind" ;;
esac
base=$CACHE/openssl-tests-$libraries-$OPENSSL_VERSION-$(hash_of "${inputs[@]}")
label="OpenSSL $OPENSSL_VERSION for its tests, $libraries"

# The product's parts look into OpenSSL's structures, so they are compiled for this configuration too.
of_product() { make -s -j"$(nproc)" -f wasm/Makefile OPENSSL="$base" PARTS="$out/product" KEPT=tools/openssl-tests/kept.list "$@"; }
list_of() { of_product --eval "list: ; @echo \"$1\"" list; }

# A tree of its own for each set of kernels and cuts, whose other files are the same ones. A few of OpenSSL's name their own folder.
copy_tree() {
  local file
  rm -rf "$out"
  cp -al "$base" "$out"
  mkdir "$out/product"
  for file in $(grep -lsF "$base" "$out"/*.pc "$out"/*.pm "$out"/util/*); do
    sed "s|$base|$out|g" "$file" >"$out/product/renamed"
    chmod --reference="$file" "$out/product/renamed"
    touch --reference="$file" "$out/product/renamed"
    mv "$out/product/renamed" "$file"
  done
}

# An archive, from which a program without libssl takes nothing of libssl's.
archive() {
  rm -f "$1"
  wasm/toolchain.sh run emar qc "$@"
  wasm/toolchain.sh run emranlib "$1"
}

link() {
  local flags=$link_flags kernels=${LIBSSL_WASM_KERNELS:-on}
  if [ ! -f "$out/linkable" ]; then
    copy_tree
    [ "$kernels" = off ] || step "$label: kernels" of_product kernels
    if [ "$kind" = wasm ]; then
      step "$label: cuts" of_product trimmed
      # shellcheck disable=SC2016,SC2046 # expanded by make; names of files
      archive "$out/product/libtrim.a" $(list_of '$(TRIMMED)')
      node_modules/.bin/tsx tools/openssl-tests/evp-data.ts "$base" "$out"
    fi
    touch "$out/linkable"
  fi
  # shellcheck disable=SC2016 # expanded by make
  [ "$kernels" = off ] || flags+=" $(list_of '$(ALL_KERNELS) $(KERNEL_WRAPS)')"
  [ "$kind" = uncut ] || flags+=" $out/product/libtrim.a"
  [ "${#programs[@]}" -eq 0 ] || programs+=(util/wrap.pl) # by which recipes run them
  cd "$out"
  step "$label: link ($(basename "$out"))" in_toolchain make -s -j"$(nproc)" LDFLAGS="$flags" "${programs[@]:-build_programs}"
  cd "$REPO"
}

with_lock "openssl-tests-$libraries" build_base
out=$base
if [ "$libraries" = wasm ]; then
  cuts=(uncut)
  [ "$kind" = uncut ] || cuts=(wasm/trim/*.list wasm/trim/*.h wasm/trim/*.ts tools/openssl-tests/{kept.list,evp-data.ts})
  out=$base.$kind-$(hash_of "${cuts[@]}" wasm/Makefile wasm/kernels/* "${LIBSSL_WASM_KERNELS:-on}")
  with_lock "openssl-tests-$kind" link
fi
printf '%s\n' "$out"
