import { expect } from 'chai'
import type { AuditEvent } from '../../protocol/audit.ts'
import type { NoticeEntry } from '../../protocol/entries.ts'
import type { GroupChange } from '../../protocol/groups.ts'
import { groupFeed } from '../../protocol/ids.ts'
import { newUser } from './message-log.ts'
import type { Context } from './store-context.ts'

let ids = 0

/** An event that no other test has. */
export const auditEvent = (user: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  kind: 'event',
  id: `event-${process.pid}-${++ids}`,
  event: 'bound',
  user,
  by: user,
  at: Date.now(),
  ...more,
})

/** The promises of AuditStore, and what entries of the log are to an auditor. */
export function audit({ store, save }: Context): void {
  const all = { before: 0, limit: 100 }

  it('keeps an event once, with all that it says', async () => {
    const user = newUser()
    const event = auditEvent(user, {
      event: 'kicked',
      by: 'admin',
      group: '7',
      connId: 'c1',
      gatewayId: 'g1',
      device: 'phone',
      address: '::1',
      detail: { reason: 'kicked', text: 'returning “😀”' },
    })
    await store().audit.add([event])
    await store().audit.add([auditEvent(newUser()), event])
    const [kept, ...others] = await store().audit.list({ ...all, user })
    expect(others).to.deep.equal([])
    expect(kept).to.deep.include(event)
    await store().audit.add([])
  })

  it('lists newest first, page by page, what matches all that is asked for', async () => {
    const [user, other] = [newUser(), newUser()]
    const events = Array.from({ length: 7 }, (_, n) =>
      auditEvent(user, { by: n % 2 ? user : other, event: n < 4 ? 'login' : 'logout', group: `g${n % 3}` }),
    )
    await store().audit.add(events)
    const seen: string[] = []
    for (let before = 0; ; ) {
      const page = await store().audit.list({ user, before, limit: 3 })
      seen.push(...page.map(({ id }) => id))
      before = page.at(-1)?.place ?? 0
      if (page.length < 3) break
    }
    expect(seen).to.deep.equal(events.map(({ id }) => id).reverse())
    const narrowed = await store().audit.list({ ...all, user, by: other, event: 'login', group: 'g0' })
    expect(narrowed.map(({ id }) => id)).to.deep.equal([events[0]?.id])
    expect(await store().audit.list({ ...all, user, group: 'none' })).to.deep.equal([])
  })

  it('forgets the oldest first, as many as it may, and nothing that is not old', async () => {
    const user = newUser()
    // Older than anything other tests keep.
    const times = [-2002, -2001, -2000, -1000]
    await store().audit.add(times.map(at => auditEvent(user, { at })))
    expect(await store().audit.forget(-1000, 2)).to.equal(2)
    const left = async () => (await store().audit.list({ ...all, user })).map(({ at }) => at)
    expect(await left()).to.deep.equal([-1000, -2000])
    expect(await store().audit.forget(-1000, 2)).to.equal(1)
    expect(await store().audit.forget(-1000, 2)).to.equal(0)
    expect(await left()).to.deep.equal([-1000])
  })

  it('hears of every change of a group and every message taken back, from the entries themselves', async () => {
    const [group, owner, member] = [await store().groups.nextId(), newUser(), newUser()]
    const notice = (from: string, change: GroupChange, opId: string) => {
      const entry: NoticeEntry = { kind: 'notice', from, group, opId, change, ordinal: 0, ts: 5 }
      return { feed: groupFeed(group), dedupeId: `${from}:\tchange:${opId}`, entry }
    }
    const target = 4
    await save([
      notice(owner, { event: 'created', name: 'g', policy: 'invited', users: [] }, 'a'),
      notice(owner, { event: 'joined', users: [member] }, 'b'),
      notice(owner, { event: 'role', users: [member], role: 'admin' }, 'c'),
      notice(owner, { event: 'muted', users: [member], until: 99 }, 'd'),
      notice(owner, { event: 'renamed', name: 'h' }, 'e'),
      {
        feed: groupFeed(group),
        dedupeId: `${owner}:\trevoke:${target}`,
        entry: { kind: 'revocation', from: owner, group, target, ordinal: 0, ts: 6 },
      },
      notice(member, { event: 'left' }, 'f'),
      notice(owner, { event: 'dissolved' }, 'g'),
    ])
    const events = (await store().audit.list({ ...all, group })).toReversed()
    expect(events.map(({ event, user, by }) => [event, user, by])).to.deep.equal([
      ['group-created', owner, owner],
      ['group-joined', member, owner],
      ['group-role', member, owner],
      ['group-muted', member, owner],
      ['group-renamed', owner, owner],
      ['message-revoked', owner, owner],
      ['group-left', member, member],
      ['group-dissolved', owner, owner],
    ])
    expect(events[2]?.detail).to.include({ role: 'admin' })
    expect(events[5]?.detail).to.deep.equal({ serverMsgId: String(target) })
  })
}
