// keylogFile on a platform without files: what such platforms load takes the place of Node's.

import { expect, it, vi } from 'vitest'
import { connect, memoryTransportPair } from '../../src/index.js'
import { clientOptions, closeBoth, opened } from '../helpers/stream-peers.js'

vi.mock('../../src/loader/keylog.node.js', () => import('../../src/loader/keylog.default.js'))

it.each([true, 'keys.log'])('keylogFile %j is refused at once where there are no files', (keylogFile) => {
  expect(() => connect(memoryTransportPair()[0], { ...clientOptions(), keylogFile }))
    .toThrow(expect.objectContaining({ name: 'ApiMisuseError', code: 'ERR_TLS_INVALID_OPTION', option: 'keylogFile' }))
})

it('keylogFile false and onKeylog are for every platform', async () => {
  const lines: string[] = []
  await closeBoth(await opened({ client: { keylogFile: false, onKeylog: (line) => lines.push(line) } }))
  expect(lines.length).toBeGreaterThan(0)
})
