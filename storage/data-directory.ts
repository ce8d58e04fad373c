import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Another process serves from this directory. */
export class DataDirectoryInUse extends Error {
  constructor(path: string, options?: ErrorOptions) {
    super(`the data directory ${path} is in use by another server`, options)
    this.name = 'DataDirectoryInUse'
  }
}

/**
 * The directory of a standalone server, held for the life of the process. The lock is an SQLite transaction that
 * never ends on a file of its own: the system drops it with the process, however that dies.
 */
export class DataDirectory {
  readonly path: string
  readonly #lock: DatabaseSync

  /** Creates the directory where it is missing. Throws DataDirectoryInUse. */
  constructor(path: string) {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    this.path = path
    this.#lock = new DatabaseSync(join(path, 'lock.db'), { timeout: 0 })
    try {
      this.#lock.exec('begin exclusive')
    } catch (error) {
      this.#lock.close()
      throw new DataDirectoryInUse(path, { cause: error })
    }
  }

  get database(): string {
    return join(this.path, 'homing.db')
  }

  release(): void {
    this.#lock.close()
  }
}
