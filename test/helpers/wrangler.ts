// wrangler, as it builds a worker for deploying.

import { installed, node22, runNode } from './installed.js'

/** wrangler and workerd keep what they like below it, not in the user's home. */
export const wranglerHome = (directory: string) => ({ HOME: directory, XDG_CONFIG_HOME: directory, WRANGLER_SEND_METRICS: 'false' })

/** Writes into `output` what would be deployed of the directory's worker, which its wrangler.toml names if `script` does not. */
export async function buildWorker(directory: string, output: string, script?: string): Promise<void> {
  const args = [installed('wrangler/bin/wrangler.js'), 'deploy', ...(script === undefined ? [] : [script]), '--dry-run', '--outdir', output]
  await runNode(installed(node22), args, directory, wranglerHome(directory))
}
