// The examples of README and docs/ for each runtime, run there as they are.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Program } from './program.js'
import { repository } from './runtimes/installed.js'
import type { Project } from './runtimes/project.js'
import type { Result } from './suite/collector.js'
import { Host, type Identities } from './suite/host.js'

/** `openssl s_server` that wants a certificate of the client. */
const DEMANDING = ['-www', '-Verify', '1', '-verify_return_error', '-CAfile', 'CA_FILE']

/** docs/node.md's example: ciphers are in Node's order. `command` runs a program. */
export const nodeExample = (command: readonly string[]): Example => ({
  file: 'node-tls.mjs',
  run: (kit) => kit.runClient([...command, kit.path], undefined, /^TLSv1\.3 TLS_\w+ true\s+HTTP\/1\.0 200 ok/),
})

/** An example, and what is done with it: it throws if it does not do what it should. */
export interface Example {
  /** In `examples/`. */
  readonly file: string
  run(kit: ExampleKit): Promise<void>
}

export class ExampleKit {
  readonly project: Project
  readonly host: Host
  readonly identities: Identities
  /** The file's path in the project. */
  readonly path: string
  /** What a client of `openssl s_server -www` prints. */
  readonly page = /TLSv1\.3 TLS_CHACHA20_POLY1305_SHA256 \S+\s+HTTP\/1\.0 200 ok/

  constructor(project: Project, host: Host, identities: Identities, path: string) {
    this.project = project
    this.host = host
    this.identities = identities
    this.path = path
  }

  /** Puts a text into the project; its path there. */
  readonly write = (name: string, text: string): string => {
    this.project.write(name, text)
    return this.project.path(name)
  }

  /** Starts `openssl s_server`, which serves a page; its port. */
  readonly serve = async (demanding = false): Promise<number> =>
    (await this.host.serve('TLSv1.3', { args: demanding ? DEMANDING : ['-www'] })).port

  /** Runs a program for as long as `body` takes. */
  readonly running = async (
    command: readonly string[], environment: Readonly<Record<string, string>> | undefined, body: (program: Program) => Promise<unknown>,
  ): Promise<void> => {
    const program = new Program(command, environment)
    try {
      await body(program)
    } finally {
      await program.end()
    }
  }

  /** A client whose arguments are host, port and a file with the PEM of a CA, and that prints what `page` says. */
  async runClient(command: readonly string[], environment?: Readonly<Record<string, string>>, page = this.page): Promise<void> {
    await this.running(
      [...command, '127.0.0.1', String(await this.serve()), this.write('ca.pem', this.identities.ca)], environment,
      (program) => program.printed(page),
    )
  }
}

export async function runExamples(project: Project, hostUrl: string, runtime: string, examples: readonly Example[]): Promise<Result[]> {
  const host = new Host(hostUrl, `${runtime}, examples`)
  const results: Result[] = []
  for (const example of examples) {
    const path = project.path(example.file)
    project.write(example.file, readFileSync(join(repository, 'examples', example.file), 'utf8'))
    const error = await example.run(new ExampleKit(project, host, await host.identities(), path))
      .then(() => undefined, (reason: Error) => reason.stack ?? reason.message)
    results.push({
      group: "the documentation's examples", name: example.file, passed: error === undefined, ...(error !== undefined && { error }),
    })
    await host.stopAll()
  }
  return results
}
