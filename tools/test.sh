#!/usr/bin/env bash
# All tests, or those that the arguments name (they go to vitest). Run by `./build.sh test`, after the build.
# Four suites: vitest in this machine's Node, the conformance suite in every runtime that is here, npm's clients against real
# servers, and Wycheproof's vectors, if test/vectors/run.ts finds them or LIBSSL_WASM_VECTORS names their folder. Ends with the line
# "N passed, N failed, N skipped", summed over all.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sh-common.sh"
cd "$REPO"

tools/install-test-peers.sh
tools/install-runtimes.sh
if [ $# -eq 0 ]; then
  tools/install-clients.sh
  step 'kernels under test, with and without' tools/kernels-test.sh
fi

results=build/test-results.json conformance=build/conformance.log clients=build/clients.log vectors=build/vectors.log
rm -f "$results" "$conformance" "$clients" "$vectors" build/suite-times.txt
status=0
# timed NAME COMMAND...: what it took goes into CONTRIBUTING's table (tools/test-table.ts).
timed() {
  local name=$1 start=$SECONDS status=0; shift
  "$@" || status=$?
  printf '%s %d\n' "$name" $((SECONDS - start)) >>build/suite-times.txt
  return "$status"
}
node_modules/.bin/vitest run --reporter=default --reporter=json --outputFile.json="$results" "$@" || status=$?
if [ $# -eq 0 ]; then
  timed conformanceSuite node_modules/.bin/tsx test/conformance/run.ts | tee "$conformance" || status=$?
  timed clients node_modules/.bin/tsx test/clients/run.ts | tee "$clients" || status=$?
  if [ -n "${LIBSSL_WASM_VECTORS:-}" ] || [ -d ../shared/vectors/wycheproof ]; then
    timed vectors node_modules/.bin/tsx test/vectors/run.ts | tee "$vectors" || status=$?
  else
    say "Wycheproof's vectors are not tried: LIBSSL_WASM_VECTORS names no folder (npm run vectors)"
  fi
  [ "$status" -ne 0 ] || node_modules/.bin/tsx tools/feature-table.ts --check || status=$?
fi
node - "$results" "$conformance" "$clients" "$vectors" <<'END_OF_SUM' || status=1
const { existsSync, readFileSync } = require('node:fs')
const [results, ...logs] = process.argv.slice(2)
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(results, 'utf8'))
const skipped = numPendingTests + numTodoTests
let [passed, failed] = [numPassedTests, numFailedTests]
for (const log of logs.filter(existsSync)) {
  const counts = /^(?:conformance|clients|vectors): (\d+) passed, (\d+) failed$/m.exec(readFileSync(log, 'utf8'))
  passed += Number(counts?.[1] ?? 0)
  failed += Number(counts?.[2] ?? 1) // one that did not come to its end
}
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`)
process.exitCode = numPassedTests === 0 || failed > 0 ? 1 : 0
END_OF_SUM
exit "$status"
