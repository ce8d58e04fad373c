import { expect } from 'chai'
import { Replaying, type SentIds } from '../../../actors/user/replaying.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { type LogEntry, Superseded } from '../../../messaging/message-log.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { directFeed, userOwner } from '../../../protocol/ids.ts'
import { auditEvent } from '../../contract/audit.ts'
import { newUser } from '../../contract/message-log.ts'
import { LaggingStore } from '../../support/lagging-store.ts'

/** What a user has sent, as its actor remembers it. */
class Sent implements SentIds {
  readonly ids = new Map<string, number>()

  async seqOf(clientMsgId: string): Promise<number | undefined> {
    return this.ids.get(clientMsgId)
  }

  stored(clientMsgId: string, seq: number): void {
    this.ids.set(clientMsgId, seq)
  }
}

describe('a replay by the sender’s actor', () => {
  const bus = new MemoryBus()
  let lagging: LaggingStore
  let alice: string
  let bob: string
  let sent: Sent
  let letter: LogEntry
  before(async () => {
    lagging = await LaggingStore.open()
  })
  after(() => lagging.close())
  beforeEach(async () => {
    alice = newUser()
    bob = newUser()
    sent = new Sent()
    letter = await lagging.append(alice, bob, 'lost')
    await lagging.append(alice, bob, 'later')
    await lagging.save()
    await lagging.putAside(letter)
  })

  async function replay({ settledBy = 0, epoch = 0 } = {}) {
    const { log, store } = lagging
    const owner = userOwner(alice)
    const fence = { owner, epoch: epoch || ((await log.lastClaim(owner))?.epoch ?? 0) }
    const { seq, entry } = letter
    const event = auditEvent(alice, { by: 'admin' })
    const replaying = new Replaying(alice, { log, store, bus, sending: sent })
    return replaying.replay({ seq, feed: directFeed(bob), entry, event }, fence, settledBy)
  }
  const ids = async () =>
    (await lagging.store.messages.recentIds(alice, 10)).map(([clientMsgId]) => clientMsgId)

  it('stores the message, knows it from then on, and has its recipient count anew', async () => {
    const told: unknown[] = []
    bus.subscribe(subjects.actorEvent('user', bob), ({ value }) => told.push(value))
    expect(await replay()).to.deep.equal({ outcome: 'stored' })
    expect(await ids()).to.deep.equal(['later', 'lost'])
    expect(sent.ids.get('lost')).to.equal(letter.seq)
    expect(told).to.deep.equal([{ kind: 'recount' }])
    expect(await replay()).to.deep.equal({ outcome: 'gone' })
  })

  it('drops the letter where the sender has repeated it, also when that is not saved yet', async () => {
    sent.ids.set('lost', letter.seq + 1000)
    expect(await replay()).to.deep.equal({ outcome: 'already_stored' })
    expect(await ids()).to.deep.equal(['later'])
    expect(await lagging.store.deadLetters.find(letter.seq)).to.equal(undefined)
    const [told] = await lagging.store.audit.list({ user: alice, before: 0, limit: 1 })
    expect(told).to.deep.include({ by: 'admin', detail: { outcome: 'already_stored' } })
    expect(await replay()).to.deep.equal({ outcome: 'gone' })
  })

  it('waits until what earlier activations sent is saved', async () => {
    const position = await lagging.store.messages.position()
    expect(await replay({ settledBy: position + 1 })).to.deep.equal({ outcome: 'busy' })
    expect(await ids()).to.deep.equal(['later'])
    expect(await replay({ settledBy: position })).to.deep.equal({ outcome: 'stored' })
  })

  it('writes nothing once another activation has taken over', async () => {
    const failed = await replay({ epoch: 10 ** 9 }).catch(error => error)
    expect(failed).to.be.instanceOf(Superseded)
    expect(await ids()).to.deep.equal(['later'])
  })
})
