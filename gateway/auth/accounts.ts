import { randomUUID } from 'node:crypto'
import type { SessionOrigin } from '../../actors/user/contract.ts'
import { allowsOne } from '../../protocol/device-policy.ts'
import type { UserId } from '../../protocol/ids.ts'
import { serverPolicy } from '../../runtime/device-policies.ts'
import type { Settings } from '../../runtime/settings.ts'
import type { Account, AccountStore, UserStore } from '../../storage/store.ts'
import { KeyedTurns } from './keyed-turns.ts'
import { LoginThrottle } from './login-throttle.ts'
import { hashPassword, verifyNothing, verifyPassword } from './passwords.ts'
import { hashRefreshToken, newRefreshToken } from './refresh-tokens.ts'
import type { Tokens } from './tokens.ts'

/** Logins running and waiting in this process; one more is told to come again. At 30 hashes/s about 8 s. */
export const MAX_LOGINS_UNDER_WAY = 256

export interface AccountsOptions {
  readonly settings: Pick<
    Settings,
    | 'ACCOUNTS_CREATE'
    | 'ACCESS_TOKEN_SECONDS'
    | 'REFRESH_TOKEN_SECONDS'
    | 'DEVICE_POLICY'
    | 'MAX_CONNECTIONS_PER_USER'
  >
  readonly tokens: Tokens
  readonly accounts: AccountStore
  readonly users: UserStore
  /**
   * Tells the user's actor that the row's session version is now `version`, and resolves once it has put out
   * older sockets. Rejects when that cannot be confirmed.
   */
  readonly raiseSession: (user: UserId, version: number, origin: Origin) => Promise<void>
}

/** What is told of a login or logout, for the audit. */
export type Origin = Omit<SessionOrigin, 'gatewayId'>

export interface Grant {
  readonly userId: number
  readonly accessToken: string
  readonly refreshToken: string
  readonly accessTokenExpiresInSeconds: number
  readonly refreshTokenExpiresInSeconds: number
}

export type LoginOutcome =
  | { readonly ok: true; readonly grant: Grant }
  | { readonly ok: false; readonly reason: 'bad_credentials' }
  | { readonly ok: false; readonly reason: 'too_many_attempts'; readonly retryAfterSeconds: number }

export interface Login {
  /** As `readUsername` gives it. */
  readonly username: string
  readonly password: string
  /** Where it comes from. */
  readonly address: string
}

/**
 * Logins, refreshes and logouts. Whatever ends sessions raises the session version's row first: if a later step
 * fails, sessions are out that would be anyway after the client's next try.
 */
export class Accounts {
  readonly #options: AccountsOptions
  readonly #throttle = new LoginThrottle()
  /** Passwords of one account are tried one after another, so that no number of connections outruns the throttle. */
  readonly #turns = new KeyedTurns()

  constructor(options: AccountsOptions) {
    this.#options = options
  }

  /** False where somebody else issues the tokens: there is nothing to log in to here. */
  get issuesTokens(): boolean {
    return this.#options.tokens.canSign
  }

  async login(login: Login): Promise<LoginOutcome> {
    if (this.#turns.size >= MAX_LOGINS_UNDER_WAY)
      return { ok: false, reason: 'too_many_attempts', retryAfterSeconds: 1 }
    const checked = await this.#turns.run(login.username, () => this.#check(login))
    if (!checked.ok) return checked
    const sv = await this.#openSession(checked.userId, login.address)
    return { ok: true, grant: await this.#grant(checked.userId, sv, randomUUID()) }
  }

  /** Undefined when the token is refused. Its rotation makes a stolen copy show: the second use ends the family. */
  async refresh(refreshToken: string): Promise<Grant | undefined> {
    const use = await this.#options.accounts.useRefreshToken(hashRefreshToken(refreshToken), Date.now())
    if (use.outcome !== 'used') return undefined
    const { userId, sessionVersion, family } = use.token
    const sv = await this.#options.users.sessionVersion(String(userId))
    return sessionVersion < sv ? undefined : this.#grant(userId, sv, family)
  }

  /** Ends all sessions of the user, also of one whose tokens come from elsewhere and who has no account. */
  async logout(user: UserId, address: string): Promise<void> {
    const { users, accounts, raiseSession } = this.#options
    const version = await users.nextSessionVersion(user)
    const userId = accountId(user)
    if (userId !== undefined) await accounts.revokeRefreshTokens(userId)
    await raiseSession(user, version, { event: 'logout', id: randomUUID(), address })
  }

  byUsername(username: string): Promise<Account | undefined> {
    return this.#options.accounts.byUsername(username)
  }

  /** The account's id, once the password is right; the account is made at the first use of a name. */
  async #check({ username, password, address }: Login): Promise<Checked> {
    const { accounts, settings } = this.#options
    const account = await accounts.byUsername(username)
    const waitMs = this.#throttle.waitMs(account, address, Date.now())
    if (waitMs > 0)
      return { ok: false, reason: 'too_many_attempts', retryAfterSeconds: Math.ceil(waitMs / 1000) }
    if (account) return this.#checkPassword(account, password, address)
    if (!settings.ACCOUNTS_CREATE) {
      await verifyNothing(password)
      return this.#failed(address)
    }
    const made = await accounts.create(username, await hashPassword(password))
    if (made) return { ok: true, userId: made.userId }
    // Another gateway was faster.
    const other = await accounts.byUsername(username)
    if (!other) throw new Error(`the account ${username} is neither free nor taken`)
    return this.#checkPassword(other, password, address)
  }

  async #checkPassword(account: Account, password: string, address: string): Promise<Checked> {
    const { accounts } = this.#options
    if (await verifyPassword(password, account.passwordHash)) {
      if (account.failedLogins > 0) await accounts.recordLogin(account.userId, false, Date.now())
      return { ok: true, userId: account.userId }
    }
    await accounts.recordLogin(account.userId, true, Date.now())
    return this.#failed(address)
  }

  #failed(address: string): Refused {
    this.#throttle.failed(address)
    return { ok: false, reason: 'bad_credentials' }
  }

  /** The session version of a login's tokens. Where a user has one connection, earlier sessions are out by then. */
  async #openSession(userId: number, address: string): Promise<number> {
    const { users, settings, raiseSession } = this.#options
    const user = String(userId)
    const origin = { event: 'login', id: randomUUID(), address } as const
    if (!allowsOne(serverPolicy(settings))) {
      const version = await users.sessionVersion(user)
      // Nobody is out by this one: the actor only hears of it, and the login does not wait.
      raiseSession(user, version, origin).catch(() => {})
      return version
    }
    const version = await users.nextSessionVersion(user)
    await raiseSession(user, version, origin)
    return version
  }

  async #grant(userId: number, sv: number, family: string): Promise<Grant> {
    const { tokens, accounts, settings } = this.#options
    const refreshToken = newRefreshToken()
    const expiresAt = Date.now() + settings.REFRESH_TOKEN_SECONDS * 1000
    await accounts.addRefreshToken({
      hash: hashRefreshToken(refreshToken),
      userId,
      family,
      sessionVersion: sv,
      expiresAt,
    })
    return {
      userId,
      accessToken: await tokens.signAccessToken({ userId, sv, lifeSeconds: settings.ACCESS_TOKEN_SECONDS }),
      refreshToken,
      accessTokenExpiresInSeconds: settings.ACCESS_TOKEN_SECONDS,
      refreshTokenExpiresInSeconds: settings.REFRESH_TOKEN_SECONDS,
    }
  }
}

type Refused = Extract<LoginOutcome, { ok: false }>
type Checked = { readonly ok: true; readonly userId: number } | Refused

/** An account's id is a number; a user known by a foreign token only may have any name. */
export function accountId(user: UserId): number | undefined {
  const id = Number(user)
  return Number.isSafeInteger(id) && String(id) === user ? id : undefined
}
