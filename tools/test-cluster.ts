// npm run test:cluster: the cluster suite, on real components. With --if-possible it is passed over, and says why,
// where a component would first have to be installed or built; on CI nothing is passed over.
import { spawnSync } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { findTool, provideTools, type ToolName, tools } from './components.ts'

const optional = process.argv.includes('--if-possible') && process.env.CI !== 'true'
const say = (line: string) => process.stdout.write(`${line}\n`)

const missing = await missingComponents()
if (optional && missing.length > 0) {
  say(
    `\nThe cluster suite was SKIPPED: ${missing.join(', ')} not at hand. \`npm run tools\` builds what is built here.\n`,
  )
  process.exit(0)
}
try {
  await provideTools(say)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
const mocha = spawnSync(process.execPath, ['node_modules/mocha/bin/mocha.js', 'test/cluster/**/*.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, CI: 'true' },
})
process.exit(mocha.status ?? 1)

async function missingComponents(): Promise<string[]> {
  const names: string[] = []
  for (const name of Object.keys(tools) as ToolName[]) if (!(await findTool(name))) names.push(name)
  if (!(await isOnPath('mariadbd'))) names.push('mariadbd')
  return names
}

async function isOnPath(name: string): Promise<boolean> {
  const found = (process.env.PATH ?? '').split(delimiter).map(async folder => {
    await access(join(folder, name), constants.X_OK)
  })
  return await Promise.any(found).then(
    () => true,
    () => false,
  )
}
