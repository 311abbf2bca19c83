#!/usr/bin/env bash
# The site, into build/site/html, by tools/site/main.ts. Its generators are installed apart, from site/package-lock.json. Needs a build.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

npm_modules "$REPO/site" 'generators of the site'
step 'site' node_modules/.bin/tsx tools/site/main.ts
