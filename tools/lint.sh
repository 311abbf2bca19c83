#!/usr/bin/env bash
# ESLint upon src/, by the rules of tools/lint/eslint.config.js, and clang-format upon all C, by .clang-format; `npm run lint -- --fix`
# mends what can be. Both are installed apart, from tools/lint/package-lock.json. What ESLint found well before is kept in the cache of
# the build.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

npm_modules "$REPO/tools/lint" 'linter from npm'
packages=tools/lint/node_modules status=0
[[ " $* " == *" --fix "* ]] && format=(-i) || format=(--dry-run --Werror --fno-color-diagnostics)
find wasm test -name node_modules -prune -o -name '*.[ch]' -print0 |
  xargs -0 node $packages/@wasm-fmt/clang-format/clang-format-cli.cjs "${format[@]}" 2>&1 || status=1
node $packages/eslint/bin/eslint.js --config tools/lint/eslint.config.js --max-warnings 0 \
  --cache --cache-strategy content --cache-location "$CACHE/eslint/" "$@" src || status=1
exit $status
