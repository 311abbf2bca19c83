// VitePress's configuration. The pages are put together by tools/site.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type DefaultTheme } from 'vitepress'

const built = (path: string) => fileURLToPath(new URL(`../../build/site/${path}`, import.meta.url))
const read = <T>(path: string) => JSON.parse(readFileSync(built(path), 'utf8')) as T

/** As GitHub makes anchors of headings, so that a link holds on both. */
function slug(heading: string): string {
  return heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replaceAll(' ', '-')
}

/** What TypeDoc's plugin says of its pages. */
interface ReferencePage { readonly title: string; readonly path?: string | null; readonly children?: readonly ReferencePage[] }

const item = ({ title, path, children }: ReferencePage): DefaultTheme.SidebarItem => ({
  text: title,
  ...(path && { link: `/api/${path.replace(/(index)?\.md$/, '')}` }),
  ...(children && { items: children.map(item), collapsed: true }),
})

const sections = read<DefaultTheme.SidebarItem[]>('pages/sidebar.json')

export default defineConfig({
  title: 'libssl-wasm',
  description: "OpenSSL's libssl in WebAssembly: TLS 1.2 and 1.3, client and server, over any byte transport",
  base: process.env['LIBSSL_WASM_SITE_BASE'] ?? '/',
  srcDir: built('pages'),
  outDir: built('html'),
  cacheDir: built('cache'),
  head: [['link', { rel: 'icon', href: `${process.env['LIBSSL_WASM_SITE_BASE'] ?? '/'}icon.svg` }]],
  ignoreDeadLinks: 'localhostLinks', // texts name them, for readers who have started a server
  markdown: { anchor: { slugify: slug } },
  themeConfig: {
    logo: '/icon.svg',
    // Pages that explain come before those of the reference. (The function runs in the reader's browser: it may use nothing from here.)
    search: {
      provider: 'local',
      options: { miniSearch: { searchOptions: { boostDocument: (id: string) => (id.includes('/api/') ? 0.2 : 1) } } },
    },
    outline: [2, 3],
    nav: [
      { text: 'Documentation', link: '/docs/README', activeMatch: '/docs/' },
      { text: 'Reference', link: '/api/', activeMatch: '/api/' },
      { text: 'Errors', link: '/docs/errors' },
      { text: 'Demonstration', link: '/demo/index.html', target: '_self' },
    ],
    sidebar: {
      '/api/': [{ text: 'Reference', link: '/api/', items: read<ReferencePage[]>('reference.json').map(item) }],
      '/': [...sections, { text: 'Project', items: [
        { text: 'README', link: '/README' }, { text: 'Changes', link: '/CHANGELOG' }, { text: 'Security', link: '/SECURITY' },
        { text: 'Architecture', link: '/ARCHITECTURE' }, { text: 'Contributing', link: '/CONTRIBUTING' },
      ] }],
    },
  },
})
