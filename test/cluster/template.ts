import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse, stringify } from 'yaml'

const root = resolve(import.meta.dirname, '../..')

/** The project's own run template, with other programs in its applications' place. Answers where it is. */
export function templateWith(folder: string, programs: Readonly<Record<string, string>>): string {
  const template = parse(readFileSync(join(root, 'dapr/dapr.yaml'), 'utf8'))
  // Paths that hold from anywhere.
  template.common.resourcesPath = join(root, 'components')
  template.common.configFilePath = join(root, 'dapr/config.yaml')
  for (const app of template.apps) {
    app.appDirPath = root
    const program = programs[app.appID]
    if (program !== undefined) app.command = ['node', program]
  }
  const file = join(folder, 'dapr.yaml')
  writeFileSync(file, stringify(template))
  return file
}
