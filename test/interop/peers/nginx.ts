// nginx, with a prefix and a configuration of its own.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFailed, onTestFinished } from 'vitest'
import type { ProtocolVersion } from '../../../src/index.js'
import type { KeyPair } from '../../helpers/certificates.js'
import { Peer } from './process.js'
import { HOST, listens, onFreePort } from './tcp.js'

export interface Nginx {
  readonly peer: Peer
  readonly port: number
  /** What it serves, and where PUT writes. */
  readonly root: string
}

/** Starts nginx with `identity`; `extra` are more lines of its server block. `/told` answers what it knows of the connection. */
export async function startNginx(identity: KeyPair, version: ProtocolVersion, extra: readonly string[] = []): Promise<Nginx> {
  const prefix = mkdtempSync(join(tmpdir(), 'libssl-wasm-nginx-'))
  const root = join(prefix, 'root')
  const temporary = join(prefix, 'temporary')
  mkdirSync(root)
  mkdirSync(temporary)
  onTestFinished(() => rmSync(prefix, { recursive: true, force: true }))
  const log = join(prefix, 'error.log')
  onTestFailed(() => console.error(readFileSync(log, 'utf8')))
  const configuration = (port: number) => `
    daemon off;
    master_process off;
    pid ${prefix}/pid;
    error_log ${log} info;
    events {}
    http {
      access_log off;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${temporary}/${name};`).join('\n      ')}
      client_max_body_size 16m;
      server {
        listen ${HOST}:${port} ssl;
        server_name localhost;
        root ${root};
        ssl_certificate ${identity.certFile};
        ssl_certificate_key ${identity.keyFile};
        ssl_protocols ${version};
        ${extra.join('\n        ')}
        location = /told {
          default_type text/plain;
          return 200 "$ssl_protocol|$ssl_cipher|$ssl_curve|$ssl_server_name|$ssl_alpn_protocol|$ssl_client_verify|$ssl_client_s_dn";
        }
        location /put/ { dav_methods PUT; create_full_put_path on; }
      }
    }
  `
  const { peer, port } = await onFreePort(async (free) => {
    const file = join(prefix, 'nginx.conf')
    writeFileSync(file, configuration(free))
    const started = await Peer.start('nginx', ['-p', prefix, '-c', file, '-e', log])
    return await listens(started, free) ? { peer: started, port: free } : undefined
  })
  return { peer, port, root }
}
