import type { Fence, LogEntry, MessageLog, NewEntry } from '../../messaging/message-log.ts'
import type { DirectEntry } from '../../protocol/entries.ts'
import { directFeed, userOwner } from '../../protocol/ids.ts'

/** A log and its process: `restart` gives what the next process finds. */
export interface LogHarness {
  readonly log: MessageLog
  restart(): Promise<MessageLog>
  close(): Promise<void>
}

/** What the parts of the contract share: the log of the moment and two users nobody has heard of. */
export interface Context {
  readonly log: () => MessageLog
  readonly users: () => readonly [alice: string, bob: string]
  readonly restart: () => Promise<void>
  readonly followed: (feed: string) => Promise<LogEntry[]>
}

let names = 0
/** A user no other test has heard of, on a log that outlives tests. */
export const newUser = (): string => `u${process.pid}-${Date.now().toString(36)}-${++names}`

export function direct(from: string, to: string, id: string, more: Partial<DirectEntry> = {}): NewEntry {
  const entry: DirectEntry = {
    kind: 'direct',
    from,
    to,
    clientMsgId: id,
    body: `body of ${id}`,
    msgType: 'TEXT',
    ts: 1_700_000_000_000,
    ...more,
  }
  return { feed: directFeed(to), dedupeId: `${from}:${id}`, entry }
}

/** A fence of a fresh claim. */
export async function ownership(log: MessageLog, user: string, token = `token-${user}`): Promise<Fence> {
  const owner = userOwner(user)
  const last = await log.lastClaim(owner)
  return { owner, epoch: await log.claim(owner, { token, body: null }, last?.epoch ?? 0) }
}

/** What the promise was refused with. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    error => error,
  )
