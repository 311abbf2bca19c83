// Where a server lives for the length of a run: a folder of its own, and an unprivileged user that it runs as. Its programs
// are children of the runner, and listen on the loopback address alone.

import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { Program } from '../../conformance/program.js'
import { isAnswered, onFreePorts, PORT_TAKEN } from '../../helpers/free-ports.js'
import type { KeyPair } from '../../../tools/certificates.js'

/** What servers show, and whom they trust. */
export interface Identities {
  /** Issuer of all that follow. */
  readonly ca: KeyPair
  /** For `localhost` and 127.0.0.1, EC P-256. */
  readonly server: KeyPair
  /** The same, RSA 2048. */
  readonly serverRsa: KeyPair
  /** CN `certified`. */
  readonly client: KeyPair
}

/** `nobody`: many servers refuse to run as root. Everybody else stays who they are. */
const USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
/** Their name. */
export const USER_NAME = process.getuid?.() === 0 ? 'nobody' : userInfo().username
export const GROUP_NAME = process.getuid?.() === 0 ? 'nogroup' : USER_NAME

export class Home {
  readonly directory = this.#own(mkdtempSync(join(tmpdir(), 'libssl-wasm-server-')))
  readonly identities: Identities
  readonly #programs: Program[] = []
  readonly #closing: (() => unknown)[] = []
  // Servers live in sbin, which is not on everyone's PATH.
  readonly #environment = {
    PATH: [process.env['PATH'], '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter), HOME: this.directory, LC_ALL: 'C',
  }

  constructor(identities: Identities) {
    this.identities = identities
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  /** Its absolute path. */
  folder(name: string): string {
    mkdirSync(this.path(name), { mode: 0o700 })
    return this.#own(this.path(name))
  }

  /** Its absolute path. Only the server's user can read it. */
  write(name: string, text: string): string {
    writeFileSync(this.path(name), text)
    chmodSync(this.path(name), 0o600)
    return this.#own(this.path(name))
  }

  /** The files of an identity, and of its CA. */
  writeIdentity({ cert, key }: KeyPair = this.identities.server): { readonly cert: string; readonly key: string; readonly ca: string } {
    return { cert: this.write('server.pem', cert), key: this.write('server.key', key), ca: this.write('ca.pem', this.identities.ca.cert) }
  }

  /** Runs a program to its end; returns what it printed. Rejects, with that, if it fails. */
  async run(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const program = this.#start(command, environment)
    const how = await program.ended
    if (how !== 'ended with 0') throw new Error(`${command.join(' ')}: ${how}\n${program.output}`)
    return program.output
  }

  /**
   * Starts a server that listens on `count` ports; `command` is asked for the program that listens there. Resolves when all of them answer.
   */
  serve(
    count: number, command: (...ports: number[]) => readonly string[], environment: Readonly<Record<string, string>> = {},
  ): Promise<readonly number[]> {
    return onFreePorts(count, async (ports) => {
      const program = this.#start(command(...ports), environment)
      let how: string | undefined
      void program.ended.then((words) => { how = words })
      const answered = await Promise.all(ports.map((port) => isAnswered(port, () => how !== undefined)))
      if (answered.every(Boolean)) return ports
      if (PORT_TAKEN.test(program.output)) return undefined
      throw new Error(`${command(...ports).join(' ')}: ${how}, and it does not listen\n${program.output}`)
    })
  }

  /** The last of what its programs printed. */
  get log(): string {
    return this.#programs.map(({ output }) => output.slice(-4_000)).join('\n')
  }

  /** For what runs in this process. */
  onClose(close: () => unknown): void {
    this.#closing.push(close)
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close()
    for (const program of this.#programs.reverse()) await program.end()
    rmSync(this.directory, { recursive: true, force: true })
  }

  #start(command: readonly string[], environment: Readonly<Record<string, string>>): Program {
    const program = new Program(command, { ...this.#environment, ...environment }, { ...USER, cwd: this.directory })
    this.#programs.push(program)
    return program
  }

  #own(path: string): string {
    if (USER.uid !== undefined) chownSync(path, USER.uid, USER.gid)
    return path
  }
}

/** The newest of the folders `PARENT/VERSION/CHILD`. */
export function newest(parent: string, child: string): string {
  const versions = existsSync(parent)
    ? readdirSync(parent).map(Number).filter((version) => existsSync(join(parent, String(version), child))) : []
  if (versions.length === 0) throw new Error(`there is no ${parent}/*/${child}: run tools/install-clients.sh`)
  return join(parent, String(Math.max(...versions)), child)
}
