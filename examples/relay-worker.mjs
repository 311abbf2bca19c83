import { relayWorker, rulesFromEnv } from 'libssl-wasm/relay/worker'

// An edge worker's entry is its default export. Bindings: ALLOW, ORIGINS, TOKEN and others, see docs/relay.md.
export default relayWorker(rulesFromEnv)
