// What a message advises where an option is unknown: the name that is meant, also of another library's options.

/** The nearest right name, or all of them if they are few. */
export function advice(wrong: string, known: readonly string[]): string {
  // Node has one function for TLS and what is beneath; so they tell of connections alone.
  const words = known.includes('handshakeTimeoutMs') ? otherwise.get(plain(wrong)) : undefined
  if (words !== undefined) return `: ${words}`
  if (SKIPPERS.includes(plain(wrong)) && known.includes('dangerouslySkipVerification')) return `: ${PRIVATE_CA}`
  const near = nearest(wrong, known)
  if (near !== undefined) return `: did you mean '${near}'?`
  return known.length > 0 && known.length <= 12 ? `: there are ${known.join(', ')}` : ''
}

/** The right name that `wrong` may stand for. */
export function nearest(wrong: string, known: readonly string[]): string | undefined {
  const text = plain(wrong)
  const same = (test: (name: string) => boolean) => known.find((name) => test(plain(name)))
  return same((name) => name === text)
    ?? elsewhere.get(text)?.find((name) => known.includes(name))
    ?? (text.length >= 4 ? same((name) => name.startsWith(text)) : undefined)
    ?? known
      .map((name) => ({ name, distance: editDistance(text, plain(name)) }))
      .filter(({ name, distance }) => distance <= Math.min(text.length, name.length) / 4)
      .sort((a, b) => a.distance - b.distance)[0]?.name
}

/** `alpn_protocols` and `ALPNProtocols` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '')
}

/** How many letters to insert, drop or exchange. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[to.length]!
}

/** Other libraries' names, as {@link plain} writes them, each with ours, of which the first that is known is meant. */
const elsewhere: ReadonlyMap<string, readonly string[]> = new Map((
  // Node
  'allowpartialtrustchain partialChain, alpncallback alpnProtocols, checkserveridentity verify acceptedNames, '
  + 'dhparam groups, ecdhcurve groups, enabletrace onTrace, host servername, hostname servername host, keylog onKeylog, '
  + 'mindhsize securityLevel, pskcallback psk, pskidentityhint psk, rejectunauthorized clientCertificate, '
  + 'requestcert clientCertificate, requestocsp ocsp ocspResponse, secureprotocol minVersion, securecontext context, '
  + 'sessionidcontext sessionCache, sigalgs signatureAlgorithms, snicallback onClientHello, '
  + 'timeout handshakeTimeoutMs connectTimeoutMs, '
  // undici
  + 'allowh2 alpnProtocols, connecttimeout handshakeTimeoutMs connectTimeoutMs, maxcachedsessions sessionStore, '
  // Deno and Bun
  + 'cacerts ca, certfile cert, keyfile key, '
  // rustls, Go and Python
  + 'cafile ca, clientauth clientCertificate, curvepreferences groups, getcertificate onClientHello, '
  + 'getclientcertificate onCertificateRequest, nextprotos alpnProtocols, rootcas ca, rootcertificates ca, '
  + 'serverhostname servername, '
  // what others guess
  + 'abortsignal signal, certificate cert, curves groups, password passphrase token, privatekey key, '
  + 'protocols alpnProtocols'
).split(', ').map((row) => {
  const [theirs, ...ours] = row.split(' ')
  return [theirs!, ours]
}))

/** Of clients, as {@link plain} writes them: by these, other libraries leave out verification. */
const SKIPPERS = ['rejectunauthorized', 'insecureskipverify', 'insecure']
const PRIVATE_CA = "to trust a server whose CA is your own, give that as option 'ca', or 'additionalCa'; "
  + "'dangerouslySkipVerification' would accept everybody"

const TRANSPORT = "it is the transport's: make that first, for example by net.connect() or openTunnel(), and give it to connect()"
  + ' or accept()'
const ENGINES = "there are no engines: give the key itself, as option 'key'"

/** Names of Node's options, as {@link plain} writes them, that have no option of ours, and what to do in their place. */
const otherwise: ReadonlyMap<string, string> = new Map(Object.entries({
  ...Object.fromEntries((
    'port path socket lookup family hints localaddress localport autoselectfamily autoselectfamilyattempttimeout allowhalfopen '
    + 'keepalive keepaliveinitialdelay nodelay onread pauseonconnect'
  ).split(' ').map((name) => [name, TRANSPORT])),
  clientcertengine: ENGINES, privatekeyengine: ENGINES, privatekeyidentifier: ENGINES,
  honorcipherorder: "a server's own order of 'ciphers' and 'ciphersuites' counts, always",
  isserver: 'connect() is for clients, accept() for servers',
  secureoptions: "there are no SSL_OP_ bits: give 'minVersion' and 'maxVersion' for versions, and see docs/options.md of libssl-wasm"
    + ' for the rest',
  server: 'it is not needed: accept() has the options of a server',
  sessiontimeout: 'sessions can be taken up for as long as their keys or their cache last: see docs/sessions.md',
}))
