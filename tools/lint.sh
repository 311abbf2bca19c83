#!/usr/bin/env bash
# ESLint upon all TypeScript and JavaScript, by the rules of tools/lint/eslint.config.js, and clang-format upon all C, by .clang-format;
# `npm run lint -- --fix` mends what can be. Both are installed apart, from tools/lint/package-lock.json. There is no cache: ESLint's knows
# a file by its own content, and so would not see a fault that comes from a type in another file.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

npm_modules "$REPO/tools/lint" 'linter from npm'
packages=tools/lint/node_modules status=0
[[ " $* " == *" --fix "* ]] && format=(-i) || format=(--dry-run --Werror --fno-color-diagnostics)
find wasm test -name node_modules -prune -o -name '*.[ch]' -print0 |
  xargs -0 node $packages/@wasm-fmt/clang-format/clang-format-cli.cjs "${format[@]}" 2>&1 || status=1
node $packages/eslint/bin/eslint.js --config tools/lint/eslint.config.js --max-warnings 0 "$@" \
  src test tools bench site wasm examples vitest.config.ts || status=1
exit $status
