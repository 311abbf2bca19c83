// vsftpd: FTP with AUTH TLS.

import type { Home } from './home.js'

export interface VsftpdPlace {
  readonly port: number
}

export async function startVsftpd(home: Home): Promise<VsftpdPlace> {
  const { cert, key } = home.writeIdentity(home.identities.serverRsa)
  const empty = home.folder('empty')
  const configuration = (port: number) => Object.entries({
    listen: 'YES', listen_address: '127.0.0.1', listen_port: port, background: 'NO', run_as_launching_user: 'YES', seccomp_sandbox: 'NO',
    anonymous_enable: 'YES', anon_root: empty, secure_chroot_dir: empty, xferlog_enable: 'NO', dual_log_enable: 'NO', syslog_enable: 'NO',
    ssl_enable: 'YES', allow_anon_ssl: 'YES', rsa_cert_file: cert, rsa_private_key_file: key, ssl_ciphers: 'HIGH',
  }).map(([name, value]) => `${name}=${value}\n`).join('')
  const [port] = await home.serve(1, (free) => ['vsftpd', home.write('vsftpd.conf', configuration(free!))])
  return { port: port! }
}
