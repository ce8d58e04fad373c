import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { formatVersion, isAtLeast, parseVersion, type Version } from './version.ts'

const run = promisify(execFile)

export type ToolName = 'daprd' | 'placement' | 'nats-server'

/** Where each tool's executable is. */
export type ToolPaths = Readonly<Record<ToolName, string>>

interface Tool {
  /** The folder beside this file whose go.mod pins the version. */
  readonly module: 'dapr' | 'nats'
  /** The Go module whose version is the tool's. */
  readonly pinnedBy: string
  readonly goPackage: string
  /** The executable in the same folder that answers `--version` for this one: placement has no such flag. */
  readonly versionFrom: ToolName
}

export const tools: Readonly<Record<ToolName, Tool>> = {
  daprd: {
    module: 'dapr',
    pinnedBy: 'github.com/dapr/dapr',
    goPackage: 'github.com/dapr/dapr/cmd/daprd',
    versionFrom: 'daprd',
  },
  placement: {
    module: 'dapr',
    pinnedBy: 'github.com/dapr/dapr',
    goPackage: 'github.com/dapr/dapr/cmd/placement',
    versionFrom: 'daprd',
  },
  'nats-server': {
    module: 'nats',
    pinnedBy: 'github.com/nats-io/nats-server/v2',
    goPackage: 'github.com/nats-io/nats-server/v2',
    versionFrom: 'nats-server',
  },
}

const toolNames = Object.keys(tools) as ToolName[]

/** Finds every tool, building those that are neither on the PATH nor cached; `report` hears of a slow build. */
export async function provideTools(report: (line: string) => void): Promise<ToolPaths> {
  const found = new Map<ToolName, string>()
  for (const name of toolNames) {
    const path = await findTool(name)
    if (path) found.set(name, path)
  }
  for (const module of ['nats', 'dapr'] as const) {
    const missing = toolNames.filter(name => tools[name].module === module && !found.has(name))
    if (missing.length === 0) continue
    report(
      `building ${missing.join(' and ')} with go, once: about ${module === 'dapr' ? '4 minutes' : '20 seconds'}`,
    )
    for (const [name, path] of await build(module, missing)) found.set(name, path)
  }
  return Object.fromEntries(found) as ToolPaths
}

/** The tool on the PATH at its pinned version or newer, else the cached one, else undefined. */
export async function findTool(name: ToolName, env = process.env): Promise<string | undefined> {
  const wanted = await pinnedVersion(name)
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name)
    if (folder === '' || !(await isExecutable(path))) continue
    const version = await askVersion(join(folder, tools[name].versionFrom))
    if (version && isAtLeast(version, wanted)) return path
  }
  const cached = join(cacheFolder(wanted, env), name)
  return (await isExecutable(cached)) ? cached : undefined
}

/** The version that the tool's go.mod requires: the one place where it is written. */
export async function pinnedVersion(name: ToolName): Promise<Version> {
  const { module, pinnedBy } = tools[name]
  const goMod = await readFile(join(moduleFolder(module), 'go.mod'), 'utf8')
  const line = goMod.split('\n').find(l =>
    l
      .replace(/^require/, '')
      .trim()
      .startsWith(`${pinnedBy} v`),
  )
  const version = line && parseVersion(line)
  if (!version)
    throw new Error(`tools/${module}/go.mod does not say which version of ${pinnedBy} it requires`)
  return version
}

/** Builds into a folder of its own and renames into place, so that two builds at once do no harm. */
async function build(module: 'dapr' | 'nats', names: ToolName[]): Promise<Map<ToolName, string>> {
  const paths = new Map<ToolName, string>()
  for (const name of names) {
    const version = await pinnedVersion(name)
    const cache = cacheFolder(version)
    await mkdir(cache, { recursive: true })
    const temporary = await mkdtemp(join(cache, '.build-'))
    try {
      const output = join(temporary, name)
      await goBuild(module, tools[name].goPackage, version, output)
      await rename(output, join(cache, name))
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
    paths.set(name, join(cache, name))
  }
  return paths
}

async function goBuild(module: 'dapr' | 'nats', goPackage: string, version: Version, output: string) {
  // Without the name stamped in, daprd calls itself "edge" in its logs and metadata.
  const stamp = `-X github.com/dapr/dapr/pkg/buildinfo.version=${formatVersion(version)}`
  const flags = ['-mod=readonly', '-tags', 'stablecomponents', '-trimpath', `-ldflags=-s -w ${stamp}`]
  try {
    await run('go', ['build', ...flags, '-o', output, goPackage], { cwd: moduleFolder(module) })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(
      `go is not installed, and ${basename(output)} ${formatVersion(version)} or newer is not on the PATH: ` +
        `install Go 1.26 or newer (then this builds it once), or put the tool itself on the PATH`,
    )
  }
}

async function askVersion(path: string): Promise<Version | undefined> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 5_000 })
    return parseVersion(stdout)
  } catch {
    return undefined
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

function moduleFolder(module: string): string {
  return join(import.meta.dirname, module)
}

function cacheFolder(version: Version, env = process.env): string {
  const cache = env.XDG_CACHE_HOME || join(env.HOME ?? homedir(), '.cache')
  return join(cache, 'homing', formatVersion(version))
}
