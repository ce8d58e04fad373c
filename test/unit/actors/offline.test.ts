import { expect } from 'chai'
import fc from 'fast-check'
import { CursorWriter } from '../../../actors/cursor-writer.ts'
import { FeedReader } from '../../../actors/feed-reader.ts'
import { IncomingMessages } from '../../../actors/user/incoming-messages.ts'
import { Memberships } from '../../../actors/user/memberships.ts'
import { Offline } from '../../../actors/user/offline.ts'
import { MAX_SINGLE, UnreadCounts } from '../../../actors/user/unread-counts.ts'
import { directConversation, directPeer } from '../../../protocol/ids.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { newUser } from '../../contract/message-log.ts'
import { LaggingStore } from '../../support/lagging-store.ts'

type Step =
  | { readonly does: 'receive' | 'send' | 'readAll'; readonly peer: number }
  | { readonly does: 'readUpTo'; readonly peer: number; readonly back: number }
  | { readonly does: 'readSome'; readonly peer: number; readonly picks: number[]; readonly bySeq: boolean }
  | { readonly does: 'save' | 'reactivate' | 'count' }

const peer = fc.nat(1)
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ does: fc.constant('receive' as const), peer }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('send' as const, 'readAll' as const), peer }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('readUpTo' as const), peer, back: fc.nat(4) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        does: fc.constant('readSome' as const),
        peer,
        picks: fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }),
        bySeq: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        does: fc.constantFrom('save' as const, 'reactivate' as const, 'count' as const),
      }),
    },
  ),
  { maxLength: 30 },
)

const receive: Step = { does: 'receive', peer: 0 }
const readOne = (back: number): Step => ({ does: 'readSome', peer: 0, picks: [back], bySeq: false })
const readUpTo = (back: number): Step => ({ does: 'readUpTo', peer: 0, back })

/** A message of the log alone is read by itself, and what is unread is counted anew. */
const unsavedAndRecounted: Step[] = [receive, receive, receive, readOne(0), readUpTo(2)]

/** The cursor passes what was read by itself; what is read by itself later must be written all the same. */
const passedAndWritten: Step[] = [
  ...Array.from({ length: 6 }, () => receive),
  readOne(3),
  readUpTo(2),
  readOne(0),
  { does: 'reactivate' },
]

/** A conversation as a list of messages, each read or not. */
interface Received {
  readonly seq: number
  readonly msgId: string
  read: boolean
}

describe('what waits for a user', () => {
  let lagging: LaggingStore
  let cursors: CursorWriter
  before(async () => {
    lagging = await LaggingStore.open()
    cursors = new CursorWriter(lagging.store.users, 60_000, makeLogger('silent', 'test'))
  })
  after(async () => {
    await cursors.close()
    await lagging.close()
  })

  /** An activation's view, on what earlier ones have written. */
  const activate = async (user: string) => {
    const { store, log } = lagging
    const reader = new FeedReader(store.messages, log)
    const incoming = new IncomingMessages(user, store.messages, reader)
    const memberships = new Memberships(user, log, () => undefined)
    const unread = new UnreadCounts(user, store, reader, cursors, incoming, memberships)
    unread.restore(await store.users.load(user))
    return {
      unread,
      offline: new Offline({
        incoming,
        unread,
        isOpen: conversation => directPeer(conversation, user) !== undefined,
        read: () => undefined,
      }),
    }
  }

  it('is what was received and not read, however it was read, saved or not, in this activation or the next', async function () {
    this.timeout(60_000)
    await fc.assert(
      fc.asyncProperty(steps, async played => {
        const me = newUser()
        const peers = [newUser(), newUser()].map(name => ({
          name,
          conversation: directConversation(me, name),
          received: [] as Received[],
        }))
        let settledBy = 0
        let view = await activate(me)
        const play = async (step: Step, index: number): Promise<void> => {
          if (!('peer' in step)) {
            if (step.does === 'count') await view.unread.list(settledBy)
            if (step.does === 'reactivate') await cursors.flush()
            if (step.does !== 'count') await lagging.save()
            if (step.does === 'reactivate') {
              settledBy = await lagging.store.messages.position()
              view = await activate(me)
            }
            return
          }
          const { name, conversation, received } = peers[step.peer] ?? expect.fail('no peer')
          switch (step.does) {
            case 'receive': {
              const entry = await lagging.append(name, me, `m${index}`)
              view.unread.incoming(entry)
              received.push({ seq: entry.seq, msgId: `m${index}`, read: false })
              return
            }
            case 'send':
              view.unread.sent(conversation, (await lagging.append(me, name, `s${index}`)).seq)
              for (const message of received) message.read = true
              return
            case 'readAll':
              await view.offline.acknowledge({ conversation, messages: 'all' }, settledBy)
              for (const message of received) message.read = true
              return
            case 'readUpTo': {
              const last = received.at(-1 - step.back)
              if (!last) return
              view.unread.read(conversation, last.seq)
              for (const message of received) message.read ||= message.seq <= last.seq
              return
            }
            case 'readSome': {
              const picked = step.picks.flatMap(pick => received.at(-1 - pick) ?? [])
              if (picked.length === 0) return
              const messages = picked.map(({ seq, msgId }) => (step.bySeq ? String(seq) : msgId))
              expect(await view.offline.acknowledge({ conversation, messages }, settledBy)).to.equal(null)
              for (const message of picked) message.read = true
              return
            }
            default:
              step satisfies never
          }
        }
        for (const [index, step] of played.entries()) await play(step, index)

        const counts = new Map(
          (await view.unread.list(settledBy)).map(({ conversation, unread }) => [conversation, unread]),
        )
        const summary = await view.offline.summary(settledBy)
        for (const { conversation, received } of peers) {
          const waiting = received.filter(({ read }) => !read).toReversed()
          expect(counts.get(conversation) ?? 0).to.equal(waiting.length)
          const { messages, hasMore } = await view.offline.messages(conversation, 3, settledBy)
          expect(messages.map(({ seq }) => seq)).to.deep.equal(waiting.slice(0, 3).map(({ seq }) => seq))
          expect(hasMore).to.equal(waiting.length > 3)
          const brief = waiting[0] && `body of ${waiting[0].msgId}`
          expect(summary.find(row => row.conversation === conversation)?.brief).to.equal(brief)
        }
      }),
      { numRuns: 100, examples: [[unsavedAndRecounted], [passedAndWritten]] },
    )
  })

  it('takes no more than 1,000 messages read beyond one that is not', async function () {
    this.timeout(60_000)
    const [me, name] = [newUser(), newUser()]
    const conversation = directConversation(me, name)
    for (let n = 0; n < MAX_SINGLE + 3; n++) await lagging.append(name, me, `m${n}`)
    await lagging.save()
    const { offline, unread } = await activate(me)
    const acknowledge = (from: number, to: number) =>
      offline.acknowledge(
        { conversation, messages: Array.from({ length: to - from + 1 }, (_, n) => `m${from + n}`) },
        0,
      )
    expect(await acknowledge(1, MAX_SINGLE)).to.equal(null)
    expect(await acknowledge(MAX_SINGLE + 1, MAX_SINGLE + 1)).to.deep.equal({
      reason: 'too_many_beyond_cursor',
    })
    expect(await unread.list(0)).to.deep.equal([{ conversation, unread: 3 }])
    expect(await acknowledge(0, 0), 'the gap itself').to.equal(null)
    expect(await acknowledge(MAX_SINGLE + 2, MAX_SINGLE + 2)).to.equal(null)
    expect(await unread.list(0)).to.deep.equal([{ conversation, unread: 1 }])
  })

  it('refuses an acknowledgement as a whole when one of its messages is not there', async () => {
    const [me, name] = [newUser(), newUser()]
    const conversation = directConversation(me, name)
    await lagging.append(name, me, 'm1')
    const { seq } = await lagging.append(me, name, 'mine')
    await lagging.append(name, me, 'm2')
    const { offline, unread } = await activate(me)
    for (const messages of [['m2', 'unknown'], [String(seq)], ['mine']])
      expect(await offline.acknowledge({ conversation, messages }, 0)).to.deep.equal({
        reason: 'message_not_found',
      })
    const other = directConversation(name, newUser())
    expect(await offline.acknowledge({ conversation: other, messages: 'all' }, 0)).to.deep.equal({
      reason: 'message_not_found',
    })
    unread.sent(conversation, seq)
    expect(await unread.list(0)).to.deep.equal([{ conversation, unread: 1 }])
  })
})
