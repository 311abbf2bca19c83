// The machine that the runtime under test runs on, by HTTP: it starts the programs that we talk to, and says what they
// saw. `host/` has the other end.

/** Certificates and keys, PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

export interface Identities {
  /** The test CA. */
  readonly ca: string
  /** A CA that nobody should trust. */
  readonly strangerCa: string
  /** For localhost and the loopback addresses: EC P-256, RSA 2048, no longer valid, of the stranger's. */
  readonly ec: Identity
  readonly rsa: Identity
  readonly expired: Identity
  readonly stranger: Identity
  /** What clients show: the CA's, and the stranger's. */
  readonly client: Identity
  readonly strangerClient: Identity
}

/** What the CA says of `ec` and `client`, PEM and (in base64) DER; and the pin of `ec`. */
export interface Revocation {
  /** Names `client`. */
  readonly crl: string
  readonly good: string
  readonly revoked: string
  readonly pin: string
}

/** For localhost, of the test CA. */
export type CertificatesByType = Readonly<Record<'RSA-PSS' | 'P-384' | 'P-521' | 'Ed25519' | 'ML-DSA-65', Identity>>

export type IdentityName = Exclude<keyof Identities, 'ca' | 'strangerCa'>
export type Version = 'TLSv1.2' | 'TLSv1.3'

/** A TCP server that joins its connections two by two: its port, and its URL through the relay. */
export interface Meeting {
  readonly port: number
  readonly url: string
  /** Resets all its connections. */
  readonly reset: () => Promise<void>
}

export interface Digest {
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
}

/** How a request to the host ends when it cannot be done. */
class HostError extends Error {
  override readonly name = 'HostError'
}

export class Host {
  readonly url: string
  readonly session: string
  #identities: Promise<Identities> | undefined

  /** @param session names the runtime under test; the host ends what it started for it by that name. */
  constructor(url: string, session: string) {
    this.url = url
    this.session = session
  }

  identities(): Promise<Identities> {
    this.#identities ??= this.ask('identities')
    return this.#identities
  }

  certificates(): Promise<CertificatesByType> {
    return this.ask('certificates')
  }

  revocation(): Promise<Revocation> {
    return this.ask('revocation')
  }

  /** `ws://…` of the relay; a client adds `/127.0.0.1:port`. */
  async relay(port: number): Promise<string> {
    const { url } = await this.ask<{ url: string }>('relay')
    return `${url}/127.0.0.1:${port}`
  }

  /** `openssl s_server`. Without `args` it prints what it gets, and sends what is typed. */
  serve(version: Version, options: { identity?: IdentityName; args?: readonly string[] } = {}): Promise<Peer> {
    return this.#peer('s_server', { version, identity: 'ec', args: [], ...options })
  }

  /** OpenSSL 4.0's `s_server -www` with a key for ECH: its configurations, and those of a key that it has no more; base64. */
  serveEch(): Promise<{ readonly port: number; readonly configList: string; readonly oldConfigList: string }> {
    return this.ask('s_server_ech')
  }

  /** A file of `bytes` bytes of noise of this seed that `s_server -WWW` serves; its path. */
  async file(bytes: number, seed: number): Promise<string> {
    return (await this.ask<{ path: string }>('file', { bytes, seed })).path
  }

  /** `openssl s_client`, which verifies `localhost`, at a port of the loopback address. Default: data in, data out, and nothing else. */
  connect(port: number, version: Version, options: { identity?: IdentityName; args?: readonly string[] } = {}): Promise<Peer> {
    return this.#peer('s_client', { port, version, args: ['-quiet'], ...options })
  }

  /** A TLS server of Node's own that sends back what it gets, for many clients at once. */
  async echo(): Promise<number> {
    return (await this.ask<{ port: number }>('echo')).port
  }

  /** The bytes of a session that the host's own Node has made with a server at this port of the loopback address. */
  async sessionWith(port: number): Promise<Uint8Array<ArrayBuffer>> {
    return Uint8Array.from((await this.ask<{ bytes: number[] }>('session', { port })).bytes)
  }

  /** Stays for as long as the session. */
  async meeting(): Promise<Meeting> {
    const reset = async () => { await this.ask('resetMeeting') }
    return { ...await this.ask<{ port: number; url: string }>('meeting'), reset }
  }

  /** A port of the host, and the URL of a WebSocket that is handed the first connection to it. */
  async tunnel(): Promise<{ readonly port: number; readonly url: string }> {
    const { port, path } = await this.ask<{ port: number; path: string }>('tunnel')
    return { port, url: `${this.url.replace(/^http/, 'ws')}${path}` }
  }

  /** What a page has said for this session, once it has. */
  async said(): Promise<string> {
    return (await this.ask<{ text: string }>('said')).text
  }

  /** Ends all that was started for this session. */
  async stopAll(): Promise<void> {
    await this.ask('stopAll')
  }

  /** @internal */
  async ask<T>(what: string, details: object = {}): Promise<T> {
    const response = await fetch(
      `${this.url}/host/${what}`, { method: 'POST', body: JSON.stringify({ session: this.session, ...details }) },
    )
    const answer = await response.json() as T & { error?: string }
    if (!response.ok) throw new HostError(answer.error ?? `HTTP status ${response.status}`)
    return answer
  }

  async #peer(program: 's_server' | 's_client', details: object): Promise<Peer> {
    const { id, port } = await this.ask<{ id: number; port: number }>(program, details)
    return new Peer(this, id, port)
  }
}

/** An openssl program that the host runs. */
export class Peer {
  readonly port: number
  readonly #host: Host
  readonly #id: number

  constructor(host: Host, id: number, port: number) {
    this.#host = host
    this.#id = id
    this.port = port
  }

  /** Waits until it has printed what the regular expression matches, and returns the match's groups. */
  async printed(pattern: RegExp): Promise<readonly string[]> {
    return (await this.#ask<{ groups: string[] }>('printed', { pattern: pattern.source, flags: pattern.flags })).groups
  }

  /** Writes to its standard input; `end` closes that. */
  async type(text: string, end = false): Promise<void> {
    await this.#ask('type', { text, end })
  }

  /** Writes `bytes` bytes of noise of this seed to its standard input, and returns when it has taken them. */
  async feed(bytes: number, seed: number, end = false): Promise<void> {
    await this.#ask('feed', { bytes, seed, end })
  }

  /** Waits until it has written `bytes` bytes after `marker` to its standard output, and tells what these hash to. */
  async wrote(bytes: number, marker = ''): Promise<Digest> {
    return this.#ask('wrote', { bytes, marker })
  }

  /** Its exit status, or the name of the signal that ended it. */
  async end(): Promise<number | string> {
    return (await this.#ask<{ status: number | string }>('end')).status
  }

  /** Ends it at once: what it was connected to sees an end without close_notify. */
  async kill(): Promise<void> {
    await this.#ask('kill')
  }

  #ask<T>(what: string, details: object = {}): Promise<T> {
    return this.#host.ask(what, { id: this.#id, ...details })
  }
}
