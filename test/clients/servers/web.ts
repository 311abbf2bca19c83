// nginx, with HTTP/1.1, HTTP/2 and a way to a WebSocket server behind it; and our relay, as wss, with one target, which echoes.

import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { WebSocketServer } from 'ws'
import { startRelay } from '../../../src/apps/relay/relay.js'
import { HOST } from '../../helpers/free-ports.js'
import type { Home } from './home.js'

export interface WebPlace {
  readonly nginxPort: number
  /** With the target. */
  readonly relayUrl: string
}

export async function startWeb(home: Home): Promise<WebPlace> {
  return { nginxPort: await startNginx(home, await startEchoOfMessages(home)), relayUrl: await startRelayToEcho(home) }
}

/** `/told` says which connection it is; `/large` is 8 MiB; `/echo` takes what is posted; `/socket` is a WebSocket that echoes. */
async function startNginx(home: Home, messages: number): Promise<number> {
  const { cert, key, ca } = home.writeIdentity()
  for (const folder of ['root', 'temporary']) home.folder(folder)
  home.write('root/large', 'x'.repeat(8 << 20))
  const temporary = [
    'client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi',
  ].map((name) => `${name}_temp_path ${home.path('temporary')}/${name};`)
  const [port] = await home.serve(1, (free) => ['nginx', '-p', home.directory, '-e', 'stderr', '-c', home.write('nginx.conf', `
    daemon off;
    master_process off;
    pid ${home.path('pid')};
    error_log stderr;
    events {}
    http {
      access_log off;
      ${temporary.join('\n      ')}
      server {
        listen ${HOST}:${free} ssl http2;
        root ${home.path('root')};
        ssl_certificate ${cert};
        ssl_certificate_key ${key};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_client_certificate ${ca};
        ssl_verify_client optional;
        ssl_session_cache shared:s:1m;
        location = /told {
          default_type text/plain;
          return 200 "$connection $server_protocol $ssl_protocol $ssl_client_verify $ssl_session_reused";
        }
        location = /socket {
          proxy_pass http://${HOST}:${messages};
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection upgrade;
        }
      }
    }`)])
  return port!
}

async function startEchoOfMessages(home: Home): Promise<number> {
  const server = new WebSocketServer({ host: HOST, port: 0 })
  server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })))
  home.onClose(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function startRelayToEcho(home: Home): Promise<string> {
  const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, HOST)
  await once(echo, 'listening')
  home.onClose(() => echo.close())
  const target = `${HOST}:${(echo.address() as AddressInfo).port}`
  const { cert, key } = home.identities.server
  const relay = await startRelay({ host: HOST, port: 0, allow: [target], tlsCert: cert, tlsKey: key })
  home.onClose(() => relay.close())
  return `wss://localhost:${relay.port}/${target}`
}
