import { raw, UniqueConstraintViolationException } from '@mikro-orm/core'
import { chunked, placeholders } from './chunks.ts'
import type { Database } from './database.ts'
import { AccountEntity, RefreshTokenEntity } from './entities.ts'
import type { Account, AccountStore, RefreshToken, RefreshUse } from './store.ts'

const NAMES_A_STATEMENT = 500

export class SqlAccounts implements AccountStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async byUsername(username: string): Promise<Account | undefined> {
    const row = await this.#database.entities.findOne(AccountEntity, { username })
    return row ? accountOf(row) : undefined
  }

  async byId(userId: number): Promise<Account | undefined> {
    const row = await this.#database.entities.findOne(AccountEntity, { userId })
    return row ? accountOf(row) : undefined
  }

  async usernames(userIds: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const names = new Map<number, string>()
    for (const some of chunked(userIds, NAMES_A_STATEMENT)) {
      const rows = await this.#database.rows<{ id: number; username: string }>(
        `select user_id as id, username from account where user_id in ${placeholders(1, some.length)}`,
        some,
      )
      for (const { id, username } of rows) names.set(id, username)
    }
    return names
  }

  async create(username: string, passwordHash: string): Promise<Account | undefined> {
    const account = { username, passwordHash, failedLogins: 0, lastFailureAt: 0 }
    try {
      await this.#database.entities.insert(AccountEntity, account)
    } catch (error) {
      if (error instanceof UniqueConstraintViolationException) return undefined
      throw error
    }
    return this.byUsername(username)
  }

  async recordLogin(userId: number, failed: boolean, now: number): Promise<number> {
    const entities = this.#database.entities
    if (!failed) {
      await entities.nativeUpdate(AccountEntity, { userId }, { failedLogins: 0, lastFailureAt: 0 })
      return 0
    }
    const oneMore = raw<number>('failed_logins + 1')
    await entities.nativeUpdate(AccountEntity, { userId }, { failedLogins: oneMore, lastFailureAt: now })
    return (await entities.findOne(AccountEntity, { userId }))?.failedLogins ?? 0
  }

  /** A family that was revoked while its token was being exchanged bears no further valid token. */
  async addRefreshToken(token: RefreshToken): Promise<void> {
    await this.#database.run(
      `insert into refresh_token (hash, user_id, family, session_version, expires_at, used_at, revoked)
       select ?, ?, ?, ?, ?, 0, coalesce(max(revoked), 0) from refresh_token where family = ?
       ${this.#database.dialect.forUpdate}`,
      [token.hash, token.userId, token.family, token.sessionVersion, token.expiresAt, token.family],
    )
  }

  async useRefreshToken(hash: string, now: number): Promise<RefreshUse> {
    const entities = this.#database.entities
    const used = await entities.nativeUpdate(
      RefreshTokenEntity,
      { hash, usedAt: 0, revoked: false, expiresAt: { $gt: now } },
      { usedAt: now },
    )
    const row = await entities.findOne(RefreshTokenEntity, { hash })
    if (row === null) return { outcome: 'unknown' }
    if (used > 0) return { outcome: 'used', token: tokenOf(row) }
    if (row.revoked) return { outcome: 'revoked' }
    if (row.usedAt === 0) return { outcome: 'expired' }
    await entities.nativeUpdate(RefreshTokenEntity, { family: row.family }, { revoked: true })
    return { outcome: 'reused' }
  }

  async revokeRefreshTokens(userId: number): Promise<void> {
    const entities = this.#database.entities
    await entities.nativeUpdate(RefreshTokenEntity, { userId }, { revoked: true })
  }

  async forgetRefreshTokens(now: number, limit: number): Promise<number> {
    const old = await this.#database.rows<{ hash: string }>(
      'select hash from refresh_token where expires_at < ? limit ?',
      [now, limit],
    )
    if (old.length === 0) return 0
    const sql = `delete from refresh_token where hash in ${placeholders(1, old.length)} and expires_at < ?`
    return this.#database.changes(sql, [...old.map(({ hash }) => hash), now])
  }
}

/** The ORM's objects have methods and relations: callers get plain values. */
const accountOf = ({ userId, username, passwordHash, failedLogins, lastFailureAt }: Account): Account => ({
  userId,
  username,
  passwordHash,
  failedLogins,
  lastFailureAt,
})

const tokenOf = ({ hash, userId, family, sessionVersion, expiresAt }: RefreshToken): RefreshToken => ({
  hash,
  userId,
  family,
  sessionVersion,
  expiresAt,
})
