import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The write lock of a standalone server's database in other hands: the server reads, but commits nothing. */
export class HeldDatabase {
  readonly #connection: DatabaseSync

  constructor(dataDir: string) {
    this.#connection = new DatabaseSync(join(dataDir, 'homing.db'), { timeout: 5000 })
    this.#connection.exec('begin immediate')
  }

  release(): void {
    if (!this.#connection.isOpen) return
    this.#connection.exec('rollback')
    this.#connection.close()
  }
}
