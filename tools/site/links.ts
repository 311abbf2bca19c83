// Looks for links of the built site that lead nowhere: a page, a part of one, or a file that is not there; and for anything that a page
// would fetch from elsewhere.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What leads nowhere, one line each. `base` is the path below which the site is served. */
export function deadLinks(site: string, base: string): string[] {
  const files = new Set(readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(site, file)).isFile()))
  const pages = [...files].filter((file) => file.endsWith('.html'))
  const texts = new Map(pages.map((page) => [page, readFileSync(join(site, page), 'utf8')]))
  const ids = new Map([...texts].map(([page, text]) => [page, new Set([...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => decode(id!)))]))
  return [...texts].flatMap(([page, text]) => {
    const wrong = [...new Set([...text.matchAll(/<(\w+)[^>]*?\s(?:href|src)="([^"]*)"/g)].flatMap(([, tag, link]) => {
      const why = whyDead(page, tag!, decode(link!))
      return why === undefined ? [] : [`${page}: ${link}: ${why}`]
    }))]
    return wrong
  })

  function whyDead(page: string, tag: string, link: string): string | undefined {
    const here = new URL(`${base}${page}`, 'site://site')
    const to = new URL(link, here)
    if (to.protocol !== 'site:') return tag === 'a' ? undefined : 'is fetched from elsewhere'
    if (!to.pathname.startsWith(base)) return `is outside of ${base}`
    const path = decodeURIComponent(to.pathname.slice(base.length))
    const file = [path, `${path}index.html`, `${path}.html`, `${path}/index.html`].find((one) => files.has(one))
    if (file === undefined) return 'there is no such file'
    const part = decodeURIComponent(to.hash.slice(1))
    return part === '' || !ids.has(file) || ids.get(file)!.has(part) ? undefined : `the page has no #${part}`
  }
}

function decode(text: string): string {
  return text.replace(/&(amp|quot|lt|gt|#39);/g, (_, name: string) => ({ amp: '&', quot: '"', lt: '<', gt: '>', '#39': "'" })[name]!)
}
