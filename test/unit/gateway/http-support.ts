import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UserContract } from '../../../actors/user/contract.ts'
import { Accounts } from '../../../gateway/auth/accounts.ts'
import { Sessions } from '../../../gateway/auth/sessions.ts'
import { Tokens } from '../../../gateway/auth/tokens.ts'
import { DeadLetters } from '../../../gateway/dead-letters.ts'
import { addAccountRoutes } from '../../../gateway/http/accounts.ts'
import { addApiRoutes } from '../../../gateway/http/api.ts'
import type { ReadinessCheck } from '../../../gateway/http/health.ts'
import { membershipIn } from '../../../gateway/http/membership.ts'
import { createHttpGateway, type HttpGateway } from '../../../gateway/http/server.ts'
import type { UnreadCount } from '../../../gateway/http/unread.ts'
import { createGatewayMetrics } from '../../../gateway/metrics.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { directFeed, userOwner } from '../../../protocol/ids.ts'
import { Actors } from '../../../runtime/actor-runtime.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { readSettings } from '../../../runtime/settings.ts'
import { SqlLog } from '../../../storage/sql-log.ts'
import { SqlStore } from '../../../storage/sql-store.ts'
import type { Store } from '../../../storage/store.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the server says
  readonly body: any
}

export interface TestGateway {
  readonly gateway: HttpGateway
  readonly store: Store
  readonly tokens: Tokens
  readonly url: string
  /** What the user's actor was told, in order. */
  readonly raised: { user: string; version: number }[]
  get(path: string, token?: string): Promise<Answer>
  post(path: string, body?: unknown, token?: string): Promise<Answer>
  request(path: string, init: RequestInit): Promise<Answer>
  /** Puts messages `[from, to, body]` into the log, in order; answers their seqs. */
  send(messages: readonly TestMessage[]): Promise<number[]>
  close(): Promise<void>
}

export type TestMessage = readonly [from: string, to: string, body: string]

export interface TestOptions {
  readonly environment?: Record<string, string>
  readonly raiseSession?: (user: string, version: number) => Promise<void>
  readonly unread?: (user: string) => Promise<readonly UnreadCount[]>
  readonly checks?: readonly ReadinessCheck[]
}

/** A real HTTP gateway on a free port and a database of its own; the actor's answers are the test's. */
export async function startGateway(options: TestOptions = {}): Promise<TestGateway> {
  const settings = readSettings({ HOMING_ALLOWED_ORIGINS: '', ...options.environment })
  const tokens = await Tokens.create(settings, 'a secret of at least thirty-two bytes')
  const logger = makeLogger('silent', 'test')
  const directory = await mkdtemp(join(tmpdir(), 'homing-http-'))
  const database = join(directory, 'homing.db')
  const store = await SqlStore.sqlite(database)
  await store.migrate()
  const raised: TestGateway['raised'] = []
  const raiseSession = async (user: string, version: number) => {
    await options.raiseSession?.(user, version)
    raised.push({ user, version })
  }
  const gateway = createHttpGateway({
    logger,
    allowedOrigins: settings.ALLOWED_ORIGINS,
    registry: createGatewayMetrics({ processMetrics: false }).registry,
    checks: options.checks ?? [],
  })
  const sessions = new Sessions(tokens, store.users)
  const accounts = new Accounts({
    settings,
    tokens,
    accounts: store.accounts,
    users: store.users,
    raiseSession,
  })
  addAccountRoutes(gateway.app, { accounts, sessions })
  addApiRoutes(gateway.app, {
    sessions,
    messages: store.messages,
    membership: membershipIn(store.groups),
    groupStore: store.groups,
    accounts: store.accounts,
    groups: { create: noActors, change: noActors, send: noActors },
    unread: options.unread ?? (async () => []),
    summary: async () => [],
    offline: async () => ({ messages: [], hasMore: false }),
    acknowledge: async () => null,
    presence: noActors,
    customerSessions: store.customerSessions,
    online: store.online,
    audit: store.audit,
    deadLetters: new DeadLetters({
      gatewayId: 'test',
      users: new Actors<UserContract>({ call: noActors }, 'user'),
      store: store.deadLetters,
    }),
  })
  const url = `http://127.0.0.1:${await gateway.listen('127.0.0.1', 0)}`
  const request: TestGateway['request'] = (path, init) => ask(`${url}${path}`, init)
  return {
    gateway,
    store,
    tokens,
    url,
    raised,
    request,
    send: messages => appendMessages(new SqlLog(database, new MemoryBus(), logger), messages),
    get: (path, token) => request(path, { headers: bearer(token) }),
    post: (path, body, token) =>
      request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer(token) },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    close: async () => {
      await gateway.close()
      await store.close()
      await rm(directory, { recursive: true })
    },
  }
}

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }

async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

async function appendMessages(log: SqlLog, messages: readonly TestMessage[]): Promise<number[]> {
  const seqs: number[] = []
  for (const [from, to, body] of messages) {
    const owner = userOwner(from)
    const before = (await log.lastClaim(owner))?.epoch ?? 0
    const epoch = await log.claim(owner, { token: `${owner}-${body}`, body: null }, before)
    const clientMsgId = `id-${body}`
    const [appended] = await log.append({ owner, epoch }, [
      {
        feed: directFeed(to),
        dedupeId: `${from}:${clientMsgId}`,
        entry: { kind: 'direct', from, to, clientMsgId, body, msgType: 'TEXT', ts: 1_700_000_000_000 },
      },
    ])
    if (appended) seqs.push(appended.seq)
  }
  await log.close()
  return seqs
}

/** Groups need actors: they are shown end to end. */
const noActors = () => Promise.reject(new Error('no actors here'))
