import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const ROOT = new URL('../../..', import.meta.url).pathname

export interface Source {
  /** From the project's root. */
  readonly path: string
  readonly room: string
  readonly lines: number
  /** Imported files, from the project's root. */
  readonly files: readonly string[]
  /** The same without those that are imported for their types only. */
  readonly runtimeFiles: readonly string[]
  readonly packages: readonly string[]
}

const IMPORT =
  /^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm

/** Every source of a room, with what it imports. */
export function sourcesOf(room: string): Source[] {
  return readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => readSource(room, join(room, name)))
}

function readSource(room: string, path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const imports = [...text.matchAll(IMPORT)].map(match => ({
    type: match[1] !== undefined,
    target: match[2] ?? match[3] ?? match[4] ?? '',
  }))
  const local = imports.filter(({ target }) => target.startsWith('.'))
  const resolve = ({ target }: { target: string }) => normalize(join(dirname(path), target))
  return {
    path,
    room,
    lines: text.split('\n').length - 1,
    files: local.map(resolve),
    runtimeFiles: local.filter(({ type }) => !type).map(resolve),
    packages: imports
      .filter(({ target }) => !target.startsWith('.'))
      .map(({ target }) => packageName(target)),
  }
}

const packageName = (target: string): string =>
  target.startsWith('node:')
    ? target
    : target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/')
