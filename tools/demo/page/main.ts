// The demonstration's page: the servers that it may choose among, and the database, are told by the server that serves it.

import type { PageDatabase, PageTarget } from '../page-target.js'
import { byId, element } from './dom.js'
import { startPage } from './page.js'
import { startSql } from './sql.js'
import { makeTabs } from './tabs.js'

const form = byId('connect-form', HTMLFormElement)

makeTabs(byId('tabs', HTMLElement))
startPage(async () => {
  const told = async <T>(name: string) => (await fetch(name)).json() as Promise<T>
  const [targets, database] = await Promise.all([told<PageTarget[]>('targets.json'), told<PageDatabase>('database.json')])
  showTargets(targets)
  startSql(database)
  return {
    chosen: () => targets.find(({ id }) => id === new FormData(form).get('target'))!,
    anchors: async (target) => (await fetch(target.anchors)).text(),
  }
})

function showTargets(targets: readonly PageTarget[]): void {
  byId('targets', HTMLFieldSetElement).append(...targets.map(({ id, name, description }, index) => {
    const radio = element('input')
    Object.assign(radio, { type: 'radio', name: 'target', value: id, checked: index === 0 })
    return element(
      'label', { className: 'card' }, radio, element('span', {}, element('strong', {}, name), ' ', element('small', {}, description)),
    )
  }))
}
