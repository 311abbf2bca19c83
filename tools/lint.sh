#!/usr/bin/env bash
# ESLint upon src/, by the rules of tools/lint/eslint.config.js; `npm run lint -- --fix` mends what can be. The linter is installed apart,
# from tools/lint/package-lock.json. What was found well before is kept in the cache of the build.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

npm_modules "$REPO/tools/lint" 'linter from npm'
exec node tools/lint/node_modules/eslint/bin/eslint.js --config tools/lint/eslint.config.js --max-warnings 0 \
  --cache --cache-strategy content --cache-location "$CACHE/eslint/" "$@" src
