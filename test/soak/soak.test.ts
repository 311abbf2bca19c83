// A few hundred of the connections of `npm run soak`, which has a hundred thousand.

import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runNode } from '../helpers/installed.js'

const repository = fileURLToPath(new URL('../..', import.meta.url))

it('loses and invents nothing in 200 connections with faults, and leaves nothing', async () => {
  const output = await runNode(process.execPath, ['--import', 'tsx', 'test/soak/main.ts', '--connections=200', '--lanes=4'], repository)
  expect(output).toMatch(/\nsoak: 200 connections, seed 1, Node [\d.]+: passed\n$/)
}, 180_000)
