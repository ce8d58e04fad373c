import { expect } from 'chai'
import { delay } from '../../runtime/backoff.ts'
import { gatewayOf, newUser, signToken, type Target } from '../support/target.ts'
import { ListClient } from './list-sync-client.ts'
import { WebsiteAdmin } from './list-sync-websites.ts'

export interface ListDrill {
  readonly target: Target
  readonly writers: number
  /** Of all writers together. */
  readonly changes: number
  readonly clients: number
  /** Happens once half of the changes are made; clients and writers go on meanwhile. */
  readonly fault: () => Promise<void>
  /** How long the lists may take to be equal when the writers are done, ms. */
  readonly settleMs: number
}

/** Between two clients' reconnections at random, ms at most. */
const CUT_EVERY_MS = 40
const RETRY_MS = 50

/**
 * Writers change websites through all gateways while clients lose their connections at random and a process is
 * killed: afterwards every client's list is the table's, and each has seen every event it had to, once and in order.
 */
export async function drillLists(drill: ListDrill): Promise<void> {
  const { target, clients: count } = drill
  const clients: ListClient[] = []
  for (let n = 0; n < count; n++) {
    const transports = n % 4 === 3 ? (['polling'] as const) : (['websocket'] as const)
    const token = await signToken(target, newUser('viewer'))
    clients.push(new ListClient(gatewayOf(target, n), token, { follow: true, transports }))
  }
  try {
    await Promise.all(clients.map(client => client.until(() => client.initials.length > 0, 'no list')))
    const stopped = new AbortController()
    const cutting = cutAtRandom(clients, stopped.signal)
    await writeAll(drill)
    stopped.abort()
    await cutting
    await expectEqual(drill, clients)
  } finally {
    for (const client of clients) client.close()
  }
}

async function cutAtRandom(clients: readonly ListClient[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    clients[Math.floor(Math.random() * clients.length)]?.cut()
    await delay(Math.random() * CUT_EVERY_MS)
  }
}

async function writeAll({ target, writers, changes, fault }: ListDrill): Promise<void> {
  let made = 0
  let faulted: Promise<void> | undefined
  const write = async (_: unknown, writer: number) => {
    const admin = await WebsiteAdmin.at(target, writer)
    const own: number[] = []
    while (made < changes) {
      try {
        await change(admin, own)
      } catch {
        // The process is away, and whether the change was made is not known: the table will tell.
        await delay(RETRY_MS)
        continue
      }
      made++
      if (made >= changes / 2) faulted ??= fault()
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
  await faulted
}

async function change(admin: WebsiteAdmin, own: number[]): Promise<void> {
  const dice = Math.random()
  const id = own[Math.floor(Math.random() * own.length)]
  if (id === undefined || dice < 0.4) own.push(await admin.create())
  else if (dice < 0.8) await admin.update(id, { line_group: `line-${Math.floor(dice * 1e6)}` })
  else {
    own.splice(own.indexOf(id), 1)
    await admin.delete(id)
  }
}

async function expectEqual({ target, settleMs }: ListDrill, clients: readonly ListClient[]): Promise<void> {
  const table = await (await WebsiteAdmin.at(target, 0)).all()
  const last = await ListClient.open(gatewayOf(target, 0), await signToken(target, newUser('viewer')))
  const { lastEventId } = await last.request()
  last.close()
  for (const client of clients) {
    await client.until(() => client.lastEventId === lastEventId, `not at ${lastEventId}`, settleMs)
    expect(client.list()).to.deep.equal(table)
    expect(client.violations).to.deep.equal([])
  }
}
