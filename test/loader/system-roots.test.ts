// systemRoots(), in each Node that is here: a process of its own, for the list is the environment's.

import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { findNode } from '../conformance/runtimes/node.js'
import { authority } from '../helpers/certificates.js'

const built = new URL('../../dist/index.js', import.meta.url).href
const nodes = [20, 22, 24].flatMap((major) => {
  const program = findNode(major)
  return program ? [[`Node ${major}`, program] as const] : []
})

function run(node: string, code: string, environment: Readonly<Record<string, string>>): string {
  const script = `const { systemRoots } = await import(${JSON.stringify(built)}); ${code}`
  return execFileSync(node, ['--input-type=module', '-e', script], { encoding: 'utf8', env: { PATH: process.env['PATH']!, ...environment } })
}

describe.each(nodes)('systemRoots, %s', (_, node) => {
  it('gives the file that SSL_CERT_FILE names', () => {
    const { certFile, cert } = authority.ca
    const list = run(node, "console.log(systemRoots().join('\\n'))", { SSL_CERT_FILE: certFile, SSL_CERT_DIR: '/nonexistent' })
    const base64 = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '')
    expect(base64(list)).toBe(base64(cert))
  })

  it('gives nothing where there is nothing', () => {
    const list = run(node, "console.log((systemRoots() ?? []).length)", { SSL_CERT_FILE: '/nonexistent', SSL_CERT_DIR: '/nonexistent' })
    expect(list.trim()).toBe('0')
  })
})
