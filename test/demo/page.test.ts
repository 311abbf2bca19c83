// The browser demonstration, in real browsers, with real servers behind a real relay.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startServer, type DemoServer } from '../../tools/demo/server.js'
import { authority, file, localhost } from '../helpers/certificates.js'
import { installedBrowsers, requireFromRuntimes, type Page } from '../helpers/browsers.js'
import { startDemo, type Demo } from './demo.js'
import { opener } from '../helpers/pages.js'

const TLS13 =
  ['sent ClientHello', 'received ServerHello', 'received EncryptedExtensions', 'received Certificate', 'received CertificateVerify',
  'received Finished', 'sent Finished']
const TLS12 = ['sent ClientHello', 'received ServerHello', 'received Certificate', 'received ServerKeyExchange', 'received ServerHelloDone',
  'sent ClientKeyExchange', 'sent Finished', 'received NewSessionTicket', 'received Finished']

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // browsers and PostgreSQL, on a machine that may be busy

let demo: Demo
let url: string
/** Named on the demonstration's command line: a server with a key log of its own, and a port on which nobody listens. */
let given: DemoServer
let deaf: string

beforeAll(async () => {
  given = await startServer(localhost, ['-keylogfile', file('server-keys.txt')])
  const gone = await startServer(localhost)
  await gone.stop()
  deaf = `127.0.0.1:${gone.port}`
  demo = startDemo(['--browser', `localhost:${given.port}`, deaf], { NODE_EXTRA_CA_CERTS: authority.ca.certFile })
  url = await demo.url
})

afterAll(async () => {
  await demo?.stop()
  await given?.stop()
})

describe.each(installedBrowsers('the demonstration\'s page'))('the page in $name', ({ start, colorSchemes }) => {
  const openPage = opener(start)
  const open = (options?: Parameters<typeof openPage>[1]) => openPage(url, options)

  async function connect(page: Page, target: string): Promise<void> {
    await page.click(`[value="${target}"]`)
    await page.click('#connect')
    await page.until("['open', 'failed'].includes(document.querySelector('#status').dataset.state)")
  }

  async function ask(page: Page): Promise<void> {
    await page.click('#send')
    await page.until("document.querySelector('#status').dataset.state === 'closed'")
  }

  const text = (page: Page, selector: string) => page.evaluate<string>(`document.querySelector(${JSON.stringify(selector)}).innerText`)
  const terms = (page: Page, selector: string) => page.evaluate<Record<string, string>>(
    `Object.fromEntries([...document.querySelectorAll(${JSON.stringify(`${selector} dl > div`)})]`
      + `.map((row) => [...row.children].map((cell) => cell.textContent)))`)
  const messages = (page: Page, kind = 'handshake') => page.evaluate<string[]>(
    `[...document.querySelectorAll('.wire[data-kind=${kind}] .message')]`
      + `.map((one) => one.closest('li').dataset.direction + ' ' + one.dataset.name)`)
  const turns = (page: Page) => page.evaluate<string[]>(
    "[...document.querySelectorAll('.turn')].map(({ dataset }) => dataset.call + ' ' + dataset.ret + ' ' + dataset.error)")

  it('shows a handshake with TLS 1.3 from the first message to the last, and all that was agreed', async () => {
    const page = await open()
    await connect(page, 'tls13')
    expect((await messages(page)).slice(0, TLS13.length)).toEqual(TLS13)
    expect(await messages(page, 'change_cipher_spec')).toContain('sent ChangeCipherSpec')
    const calls = await turns(page)
    expect(calls[0]).toBe('SSL_connect -1 WANT_READ')
    expect(calls).toContain('SSL_connect 1 NONE')

    // Every record has its size, and every row its time; time does not go back.
    const carriers = await page.evaluate<string[]>("[...document.querySelectorAll('.carrier')].map((one) => one.textContent)")
    for (const carrier of carriers) expect(carrier).toMatch(/^record · [1-9][\d,]* B( · encrypted (handshake|application_data|alert))?$/)
    const times = (await page.evaluate<string[]>("[...document.querySelectorAll('.timeline .at')].map((one) => one.textContent)"))
      .map((at) => Number(at.replace(',', '')))
    expect(times.every((at, index) => at >= (times[index - 1] ?? 0) - 0.5)).toBe(true) // half: 100 is shown without a decimal

    const agreed = await terms(page, '#outcome')
    expect(agreed).toMatchObject({ 'Version': 'TLSv1.3', 'Cipher suite': 'TLS_CHACHA20_POLY1305_SHA256', 'Peer': 'localhost X509_V_OK' })
    expect(agreed['Key exchange']).toMatch(/^x25519/i)
    expect(await text(page, '#status')).toMatch(/^Connected with TLSv1\.3 in [\d.,]+ ms; the certificate is good for localhost\.$/)
  })

  it('shows the certificates as a tree, the trust anchor at its top', async () => {
    const page = await open()
    await connect(page, 'tls13')
    expect(await page.evaluate("document.querySelector('#certificates > .tree > li > .anchor').textContent"))
      .toBe('CN=Demonstration Root,O=libssl-wasm trust anchor')
    expect(await page.evaluate("document.querySelector('#certificates > .tree > li > .tree > li > details > summary').textContent"))
      .toBe('CN=Demonstration Intermediate intermediate')
    expect(
      await page.evaluate("document.querySelector('#certificates > .tree > li > .tree > li > .tree > li > details > summary').textContent"),
    ).toBe('CN=localhost server')
    const server = await terms(page, '[data-role=server]')
    expect(server['Names']).toContain('DNS:localhost, IP:127.0.0.1')
    expect(server['Valid']).toMatch(/^\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d$/)
    expect(server['SHA-256']).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  })

  it('sends the request and shows the answer, up to the goodbyes', async () => {
    const page = await open()
    await connect(page, 'tls13')
    await ask(page)
    const answer = await text(page, '#answer')
    expect(answer).toMatch(/^HTTP\/1\.0 200 ok/)
    expect(answer).toContain('TLS_CHACHA20_POLY1305_SHA256') // s_server tells of the connection as it saw it
    expect(await messages(page, 'application_data')).toEqual(expect.arrayContaining(['sent application data', 'received application data']))
    expect((await messages(page, 'goodbye')).sort()).toEqual(['received close_notify', 'sent close_notify'])
    expect(await turns(page)).toEqual(expect.arrayContaining(['SSL_read 0 ZERO_RETURN', 'SSL_shutdown 1 NONE']))
    expect(await text(page, '#status')).toBe('Closed cleanly: close_notify went both ways.')
  })

  it('closes when it is asked to, and connects again in the middle of a connection', async () => {
    const page = await open()
    await connect(page, 'tls13')
    await connect(page, 'tls12')
    await page.until("document.querySelector('#outcome').innerText.includes('TLSv1.2')")
    expect(await messages(page)).toEqual(TLS12) // nothing of the connection before
    await page.click('#close')
    await page.until("document.querySelector('#status').dataset.state === 'closed'")
    expect(await messages(page, 'goodbye')).toEqual(['sent close_notify', 'received close_notify'])
    expect(await turns(page)).toContain('SSL_shutdown 0 NONE')
  })

  it('agrees on a post-quantum key exchange with this library as the server', async () => {
    const page = await open()
    await connect(page, 'post-quantum')
    expect((await terms(page, '#outcome'))['Key exchange']).toBe('X25519MLKEM768 post-quantum')
    await ask(page)
    expect(await text(page, '#answer')).toMatch(/group +X25519MLKEM768/)
  })

  it('shows a HelloRetryRequest, and the second ClientHello', async () => {
    const page = await open()
    await connect(page, 'retry')
    expect((await messages(page)).slice(0, 4))
      .toEqual(['sent ClientHello', 'received HelloRetryRequest', 'sent ClientHello', 'received ServerHello'])
    expect((await terms(page, '#outcome'))['Key exchange']).toBe('secp384r1')
  })

  it('shows TLS 1.2 with a server that knows nothing newer', async () => {
    const page = await open()
    await connect(page, 'tls12')
    expect(await messages(page)).toEqual(TLS12)
    expect(await terms(page, '#outcome'))
      .toMatchObject({ 'Version': 'TLSv1.2', 'Cipher suite': 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256' })
    await ask(page)
    expect(await messages(page, 'application_data')).toEqual(['sent application data', 'received application data'])
    expect(await page.download('#key-log')).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/)
  })

  it.each([
    ['expired', 'CERT_HAS_EXPIRED', 'certificate_expired (45)', 'CN=localhost'],
    ['wrong-name', 'ERR_TLS_CERT_ALTNAME_INVALID', 'bad_certificate (42)', 'CN=elsewhere.example'],
  ])('refuses the server with the certificate that is %s: %s', async (target, code, alert, subject) => {
    const page = await open()
    await connect(page, target)
    expect(await page.evaluate("document.querySelector('.failure').dataset.code")).toBe(code)
    expect(await terms(page, '.failure'))
      .toMatchObject({ Error: 'CertificateError', Certificate: `${subject}, depth 0`, Alert: `sent: fatal ${alert}` })
    expect(await messages(page, 'alert')).toEqual([`sent fatal ${alert.split(' ')[0]}`])
    expect(await turns(page)).toContain('SSL_connect -1 SSL_ERROR_SSL')
    expect(await page.evaluate("document.querySelector('[data-failure] > details > summary').textContent")).toBe(`${subject} ${code}`)
    expect(await text(page, '#status')).toContain(code)
    expect(await page.evaluate("document.querySelector('#send').ariaDisabled")).toBe('true')
    // And the next connection is as good as the first.
    await connect(page, 'tls13')
    expect((await terms(page, '#outcome'))['Version']).toBe('TLSv1.3')
    expect(await page.evaluate("document.querySelector('.failure')")).toBe(null)
  })

  it('connects to a server of the command line with the roots of Node, and its key log is the one that the server wrote', async () => {
    const page = await open()
    await connect(page, 'given-0')
    expect(await terms(page, '#outcome')).toMatchObject({ Version: 'TLSv1.3', Peer: 'localhost X509_V_OK' })
    await ask(page)
    const lines = (await page.download('#key-log')).trimEnd().split('\n')
    expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual([
      'CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'CLIENT_TRAFFIC_SECRET_0', 'EXPORTER_SECRET', 'SERVER_HANDSHAKE_TRAFFIC_SECRET',
      'SERVER_TRAFFIC_SECRET_0'])
    expect(readFileSync(file('server-keys.txt'), 'utf8').split('\n')).toEqual(expect.arrayContaining(lines))
  })

  it('says so when the tunnel leads nowhere', async () => {
    const page = await open()
    await connect(page, 'given-1')
    expect(await page.evaluate("document.querySelector('.failure').dataset.code")).toBe('ERR_TLS_RELAY_CONNECTION_REFUSED')
    expect(await text(page, '#status')).toBe('No connection: ERR_TLS_RELAY_CONNECTION_REFUSED.')
    // A browser may complain of the tunnel itself; of nothing else.
    const others = (page.problems as string[]).splice(0).filter((problem) => !problem.includes(deaf))
    expect(others).toEqual([])
  })

  it('is used with the keyboard alone, and shows where the focus is', async () => {
    const page = await open()
    const focused = () => page.evaluate<string>('document.activeElement.id || document.activeElement.value')
    const tabTo = async (id: string) => {
      for (let steps = 0; steps < 12 && await focused() !== id; steps++) await page.press('Tab')
      expect(await focused()).toBe(id)
      expect(
        await page.evaluate(
          "getComputedStyle(document.activeElement).outlineStyle !== 'none' && document.activeElement.matches(':focus-visible')",
        ),
      ).toBe(true)
    }
    await page.press('Tab')
    expect(await focused()).toBe('handshake-tab')
    await page.press('Tab')
    expect(await focused()).toBe('given-0')
    expect(await page.evaluate("getComputedStyle(document.activeElement.closest('.card')).outlineStyle")).toBe('solid')
    await page.press('ArrowDown', 'ArrowDown')
    expect(await focused()).toBe('tls13')
    await page.press('Enter')
    await page.until("document.querySelector('#status').dataset.state === 'open'")
    await tabTo('connect')
    await tabTo('show-turns')
    await page.press(' ')
    expect(await page.evaluate("[...document.querySelectorAll('.turn')].every((turn) => turn.offsetHeight === 0)")).toBe(true)
    await tabTo('scroller')
    await tabTo('request')
    await page.press('Control+a')
    await page.type('GET /typed HTTP/1.0\n\n')
    await tabTo('send')
    await page.press('Enter')
    await page.until("document.querySelector('#status').dataset.state === 'closed'")
    expect(await text(page, '#answer')).toContain('200 ok')
    expect(await focused()).toBe('send') // a button that has nothing to do any more keeps the focus
    await tabTo('key-log')
    await tabTo('answer')
  })

  it('fits a phone of 360 pixels, before and after', async () => {
    const page = await open({ width: 360 })
    const width = () => page.evaluate<number>('document.documentElement.scrollWidth')
    expect(await page.evaluate('innerWidth')).toBe(360)
    expect(await width()).toBeLessThanOrEqual(360)
    for (const target of ['tls13', 'wrong-name']) {
      await connect(page, target)
      if (target === 'tls13') await ask(page)
      expect(await width()).toBeLessThanOrEqual(360)
      expect(await page.evaluate("document.querySelector('#scroller').scrollWidth <= document.querySelector('#scroller').clientWidth"))
        .toBe(true)
    }
  })

  it.each(colorSchemes)('has nothing that axe objects to, contrast included, in a %s theme', async (colorScheme) => {
    const page = await open({ colorScheme })
    expect(await page.evaluate(`matchMedia('(prefers-color-scheme: ${colorScheme})').matches`)).toBe(true)
    for (const target of ['tls13', 'expired']) {
      await connect(page, target)
      if (target === 'tls13') await ask(page)
      await page.evaluate(readFileSync(requireFromRuntimes.resolve('axe-core'), 'utf8'))
      // Rows fade in; half faded they would be judged by half their contrast.
      await page.evaluate('Promise.all(document.getAnimations().map((animation) => animation.finish()))')
      const objections = await page.evaluate<object[]>(
        'axe.run().then(({ violations }) => '
          + 'violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, failureSummary }) => html + failureSummary) })))')
      expect(objections).toEqual([])
    }
  })
})

describe('the server of the page', () => {
  it('sends a strict policy, and the WebAssembly code in a form that compiles while it arrives', async () => {
    const response = await fetch(url)
    const policy = response.headers.get('content-security-policy')
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self' ws:\/\/127\.0\.0\.1:\d+; /,
    )
    expect((await fetch(new URL('libssl.wasm', url))).headers.get('content-type')).toBe('application/wasm')
    expect((await fetch(new URL('package.json', url))).status).toBe(404)
  })
})
