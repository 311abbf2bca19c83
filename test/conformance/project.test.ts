import { readFileSync, statSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { Project } from './runtimes/project.js'

test('what several runtimes share is written once, for one may read it while the next begins', () => {
  const project = new Project()
  onTestFinished(() => project.remove())
  project.write('example.mjs', 'text')
  const before = statSync(project.path('example.mjs'), { bigint: true })
  project.write('example.mjs', 'text')
  expect(statSync(project.path('example.mjs'), { bigint: true }).mtimeNs).toBe(before.mtimeNs)
  expect(() => project.write('example.mjs', 'another')).toThrow('choose another name')
  expect(readFileSync(project.path('example.mjs'), 'utf8')).toBe('text')
})
