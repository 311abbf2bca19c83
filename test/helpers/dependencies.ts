// What npm installs with the package.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** The names of all packages that ours stands on: they are in `node_modules` of the repository. */
export function dependenciesOfPackage(directory = repository, names = new Set<string>()): Set<string> {
  const { dependencies = {}, optionalDependencies = {} } =
    JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { [field: string]: object | undefined }
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies }).filter((one) => !names.has(one))) {
    dependenciesOfPackage(join(repository, 'node_modules', name), names.add(name))
  }
  return names
}
