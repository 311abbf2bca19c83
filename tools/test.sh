#!/usr/bin/env bash
# All tests, or those that the arguments name (they go to vitest). Run by `./build.sh test`, after the build.
# Ends with the line "N passed, N failed, N skipped".
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

tools/install-test-peers.sh

results=build/test-results.json
rm -f "$results"
status=0
node_modules/.bin/vitest run --reporter=default --reporter=json --outputFile.json="$results" "$@" || status=$?
node - "$results" <<'END' || status=1
const results = JSON.parse(require('node:fs').readFileSync(process.argv[2], 'utf8'))
const skipped = results.numPendingTests + results.numTodoTests
console.log(`${results.numPassedTests} passed, ${results.numFailedTests} failed${skipped ? `, ${skipped} skipped` : ''}`)
process.exitCode = results.numPassedTests === 0 ? 1 : 0
END
exit "$status"
