// What is told by `warn`.

import { turns } from './streams.js'

/** The warnings of ours that come while `body` runs, and a little after. */
export async function warningsDuring(body: () => unknown): Promise<{ code: string; message: string }[]> {
  const seen: { code: string; message: string }[] = []
  const listener = (warning: Error & { code?: string }) => {
    if (warning.name === 'TlsWarning') seen.push({ code: warning.code!, message: warning.message })
  }
  process.on('warning', listener)
  try {
    await body()
    await turns()
  } finally {
    process.off('warning', listener)
  }
  return seen
}
