// Which Origin headers a browser can send. One that it never sends would be on the list in vain.

/** What is wrong with an origin of the list, as the end of a sentence; undefined if a browser sends it so. */
export function wrongOrigin(text: unknown): string | undefined {
  if (typeof text !== 'string') return 'is not a text'
  if (text.includes('*')) return 'is a pattern, and there are none: list each origin'
  if (text === 'null') return undefined // of a page without an origin, for example a file or a sandbox
  const parts = /^([a-z][a-z0-9+.-]*):\/\/[^\s/?#@]+/i.exec(text)
  const scheme = parts?.[1]?.toLowerCase()
  if (!parts || !scheme) return withScheme(text)
  if (scheme === 'http' || scheme === 'https') return unless(text, originOf(text))
  // A page's WebSocket has one of these, but the page itself has not.
  if (scheme === 'ws' || scheme === 'wss') return unless(text, originOf(text.replace(/^ws/i, 'http')))
  return unless(text, scheme + parts[0].slice(scheme.length)) // of an extension or an app, which names its pages as it likes
}

function unless(text: string, sent: string | undefined): string | undefined {
  if (sent === undefined) return 'is not an origin'
  return text === sent ? undefined : `is not as a browser sends it: write '${sent}'`
}

/** An origin begins with a scheme, which `localhost:5173` has not. Pages of this machine are served without TLS, as a rule. */
function withScheme(text: string): string {
  const host = /^[^\s/?#@]+/.exec(text)?.[0] ?? ''
  const scheme = /^(localhost|127\.|\[::1\])/i.test(host) ? 'http' : 'https'
  const origin = text.includes('://') ? undefined : originOf(`${scheme}://${host}`)
  return origin === undefined ? 'is not an origin' : `is not an origin: write '${origin}'`
}

function originOf(url: string): string | undefined {
  try {
    return new URL(url).origin
  } catch {
    return undefined
  }
}
