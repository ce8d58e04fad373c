import { link, readFile, unlink, writeFile } from 'node:fs/promises'
import { hasCode } from './file-error.ts'

/** Another living process uses the file. */
export class FileInUseError extends Error {
  constructor(path: string, pid: number) {
    super(`${path} is held by process ${pid}`)
    this.name = 'FileInUseError'
  }
}

/** A number alone says little where every process is number 1: what this process holds, it knows. */
const heldHere = new Set<string>()

function isHeld(path: string, pid: number): boolean {
  if (pid === process.pid) return heldHere.has(path)
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

/**
 * Makes `path` a lock that names this process; the answer gives it back. What a dead process left is taken over.
 * Rejects with FileInUseError.
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const draft = `${path}.${process.pid}`
  await writeFile(draft, String(process.pid))
  try {
    while (!(await linked(draft, path))) {
      const pid = Number(await readFile(path, 'utf8').catch(() => '0'))
      if (pid > 0 && isHeld(path, pid)) throw new FileInUseError(path, pid)
      await unlink(path).catch(() => {})
    }
  } finally {
    await unlink(draft).catch(() => {})
  }
  heldHere.add(path)
  return async () => {
    heldHere.delete(path)
    await unlink(path)
  }
}

/** A link appears with its content, so nobody reads a lock that is not written yet. */
async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}
