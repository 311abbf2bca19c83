#!/usr/bin/env bash
# OpenSSL's own evp_test, in WebAssembly, with its AES, ChaCha20-Poly1305, EC and RSA files: with wasm/kernels, and without.
# Run by `npm run openssl-evp-tests`. The program and its libraries are built once for each set of inputs; about two minutes on two
# cores. It reads files, so it is configured otherwise than the product; and it has the deterministic ECDSA of RFC 6979, whose signatures
# can be compared.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

files='evpciph_aes_common evpciph_aes_ccm_cavs evpciph_aes_cts evpciph_aes_wrap evpciph_aes_stitched evpciph_chacha evpmac_common
evpmac_poly1305 evpmd_sha evprand evppkey_ecc evppkey_ecdh evppkey_ecdsa evppkey_ecdsa_rfc6979 evppkey_ecdsa_sigalg evppkey_ecx
evppkey_ecx_sigalg evppkey_mismatch evppkey_kas evppkey_rsa evppkey_rsa_common evppkey_rsa_kem evppkey_rsa_sigalg'
# What the product's configuration leaves out and the program needs.
needs='no-apps no-stdio no-posix-io no-sock no-tests no-hmac-drbg-kdf no-filenames'
link_flags='-O2 -msimd128 -sNODERAWFS -sALLOW_MEMORY_GROWTH -sEXIT_RUNTIME -sSTACK_SIZE=1MB -sENVIRONMENT=node -sBINARYEN_EXTRA_PASSES=-fimfs=70'

key=$(hash_of "$OPENSSL_SHA256" "$(wasm/toolchain.sh id)" wasm/openssl-target.conf openssl-src/configure.args \
  openssl-src/patches/*.patch wasm/trim/bin/cc-by-list wasm/trim/fast.list wasm/trim/include/openssl/err.h "$needs")
out=$CACHE/openssl-evp-test-$OPENSSL_VERSION-$key

configure() {
  local args=() arg
  while read -r arg; do
    [[ " ${needs//$'\n'/ } " == *" $arg "* ]] || args+=("$arg")
  done < <(sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$REPO/openssl-src/configure.args")
  "$REPO/wasm/toolchain.sh" run perl ./Configure --config="$REPO/wasm/openssl-target.conf" libssl-wasm "${args[@]}"
}

build() {
  [ ! -f "$out/libcrypto.a" ] || return 0
  local src=$CACHE/openssl-evp-test-build-$key
  rm -rf "$src" "$src.out" "$out"
  openssl-src/fetch.sh unpack "$src"
  cd "$src"
  step "OpenSSL $OPENSSL_VERSION for its tests, configure" configure
  step "OpenSSL $OPENSSL_VERSION for its tests, generate" "$REPO/wasm/toolchain.sh" run make -s -j"$(nproc)" build_generated
  step "OpenSSL $OPENSSL_VERSION for its tests, compile (about two minutes on two cores)" \
    "$REPO/wasm/toolchain.sh" run sh -c 'PATH=$0:$PATH exec make -s -j"$1" CC=cc-by-list libcrypto.a test/libtestutil.a test/evp_test-bin-evp_test.o' \
    "$REPO/wasm/trim/bin" "$(nproc)"
  mkdir -p "$src.out/source"
  cp -r include libcrypto.a test/libtestutil.a test/evp_test-bin-evp_test.o test/default.cnf test/recipes/30-test_evp_data "$src.out/"
  find crypto ssl providers -name '*.h' -exec cp --parents -t "$src.out/source" {} +
  mv "$src.out" "$out"
  cd "$REPO" && rm -rf "$src"
}

# Kernels look into OpenSSL's structures, so they are compiled for this configuration too.
link() {
  mkdir -p build/evp-tests
  local wraps which make=(make -s -f wasm/Makefile OPENSSL="$out" INPUTS=build/evp-tests/inputs KERNELS_IN=build/evp-tests/kernels)
  "${make[@]}" kernels
  # shellcheck disable=SC2016 # expanded by make
  wraps=$("${make[@]}" --eval 'wraps: ; @echo "$(WRAPS)"' wraps)
  # shellcheck disable=SC2086,SC2046 # flags are words
  for which in on off; do
    wasm/toolchain.sh run emcc $link_flags -o "build/evp-tests/$which.cjs" "$out/evp_test-bin-evp_test.o" \
      $([ "$which" = off ] || printf '%s ' build/evp-tests/kernels/*.o $wraps) "$out/libtestutil.a" "$out/libcrypto.a"
  done
}

with_lock openssl-evp-test build
step 'evp_test with the kernels and without' link
failed=0 total=0
printf '%-24s %-46s %s\n' '' 'with the kernels' 'without'
for file in $files; do
  row=()
  for which in on off; do
    log=build/evp-tests/$file.$which.log status=0
    node "build/evp-tests/$which.cjs" -config "$out/default.cnf" "$out/30-test_evp_data/$file.txt" >"$log" 2>&1 || status=$?
    counts=$(sed -n 's/.*Completed \(.*\)/\1/p' "$log" | tail -n 1)
    row+=("${counts:-no count}$([ "$status" -eq 0 ] || printf ', exit %s' "$status")")
    [ "$which" = off ] || ok=$([ "$status" -eq 0 ] && echo 1 || echo 0)
  done
  printf '%-24s %-46s %s\n' "$file" "${row[@]}"
  total=$((total + 1))
  if [ "$ok" != 1 ] || [ "${row[0]}" != "${row[1]}" ]; then
    failed=$((failed + 1))
    say "$file: build/evp-tests/$file.on.log says what failed"
  fi
done
printf 'evp_test files: %d passed, %d failed\n' $((total - failed)) "$failed"
[ "$failed" -eq 0 ]
