// Which members of Node's classes the Node faces have: the reference shows those classes by Node's own types, which are told of elsewhere.

import { appendFileSync } from 'node:fs'
import nodeNet from 'node:net'
import nodeTls from 'node:tls'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

type Class = { readonly prototype: object }

/** Appends them to the pages of both faces. `reference` is the folder of the reference. */
export async function writeNodeMembers(repository: string, reference: string): Promise<void> {
  const face = async (path: string) =>
    (await import(pathToFileURL(join(repository, 'dist/node', path)).href)) as { default: Record<string, Class> }
  const [{ default: net }, { default: tls }] = [await face('net/index.js'), await face('tls/index.js')]
  append('tls', { TLSSocket: [nodeTls.TLSSocket, tls['TLSSocket']!], Server: [nodeTls.Server, tls['Server']!] })
  append('net', {
    Socket: [nodeNet.Socket, net['Socket']!], Server: [nodeNet.Server, net['Server']!], BlockList: [nodeNet.BlockList, net['BlockList']!],
    SocketAddress: [nodeNet.SocketAddress, net['SocketAddress']!],
  })

  function append(module: string, classes: Readonly<Record<string, readonly [nodes: Class, ours: Class]>>): void {
    const sections = Object.entries(classes).map(([name, [nodes, ours]]) => {
      const [here, missing] = [true, false].map((wanted) => membersOf(nodes).filter((member) => member in ours.prototype === wanted))
      const list = (members: readonly string[]) => members.map((member) => `\`${member}\``).join(', ')
      return `### ${name}\n\n${list(here!)}.${missing!.length > 0 ? ` Not here: ${list(missing!)}.` : ''}\n`
    })
    appendFileSync(join(reference, `libssl-wasm/node/${module}/index.md`), `\n## Members of Node's classes\n
Each class has these members of \`node:${module}\`, with Node's meaning ([Node's documentation](https://nodejs.org/api/${module}.html)),
and those of Node's streams and event emitters.\n\n${sections.join('\n')}`)
  }
}

/** Public members, with those of the classes that it extends, but for streams and event emitters. */
function membersOf({ prototype }: Class): string[] {
  const members = new Set<string>()
  for (let at: object = prototype; !/^(Duplex|Stream|EventEmitter|Object)$/.test(at.constructor.name); at =
      Object.getPrototypeOf(at) as object) {
    for (const name of Object.getOwnPropertyNames(at)) if (!/^_|^constructor$/.test(name)) members.add(name)
  }
  return [...members].sort()
}
