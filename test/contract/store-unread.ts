import { expect } from 'chai'
import fc from 'fast-check'
import { directConversation } from '../../protocol/ids.ts'
import { direct, newUser } from './message-log.ts'
import type { Context } from './store-context.ts'

/** What happens to a user's conversations, with the other side as a number. */
type Step =
  | { readonly does: 'send' | 'receive'; readonly peer: number }
  | { readonly does: 'read'; readonly peer: number; readonly back: number }
  | { readonly does: 'single'; readonly peer: number; readonly picks: number[] }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('receive' as const), peer: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('send' as const), peer: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('read' as const), peer: fc.nat(2), back: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('single' as const),
      peer: fc.nat(2),
      picks: fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }),
    }),
  },
)

/** A conversation as a list, counted the slow way. */
class Model {
  readonly messages: { seq: number; mine: boolean }[] = []
  read = 0
  single: number[] = []

  get readSeq(): number {
    return Math.max(this.read, ...this.messages.filter(({ mine }) => mine).map(({ seq }) => seq))
  }

  get unread(): number {
    return this.messages.filter(({ seq }) => seq > this.readSeq && !this.single.includes(seq)).length
  }
}

export function unread({ store, save }: Context): void {
  it('counts what lies after the read cursor or the user’s own last message, without single ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
        const me = newUser()
        const peers = Array.from({ length: 3 }, () => ({ name: newUser(), model: new Model() }))
        for (const [n, next] of steps.entries()) {
          const { name, model } = peers[next.peer] ?? expect.fail('no peer')
          await play(next, `m${n}`, me, name, model)
        }
        const { conversations, position } = await store().messages.unread(me)
        expect(position).to.be.at.least(Math.max(0, ...peers.flatMap(p => p.model.messages.map(m => m.seq))))
        for (const { name, model } of peers) {
          const row = conversations.find(found => found.conversation === directConversation(me, name))
          if (!row) {
            expect(model.messages).to.deep.equal([])
            continue
          }
          expect([row.readSeq, row.unread]).to.deep.equal([model.readSeq, model.unread])
          expect(row.single).to.deep.equal(model.single.filter(seq => seq > model.readSeq))
        }
      }),
      { numRuns: 30 },
    )
  })

  async function play(next: Step, id: string, me: string, peer: string, model: Model): Promise<void> {
    const conversation = directConversation(me, peer)
    const write = () =>
      store().users.saveCursors({
        delivered: [],
        read: [{ user: me, conversation, seq: model.read, single: model.single }],
      })
    switch (next.does) {
      case 'send':
      case 'receive': {
        const mine = next.does === 'send'
        const [seq = 0] = await save([mine ? direct(me, peer, id) : direct(peer, me, id)])
        model.messages.push({ seq, mine })
        return
      }
      case 'read': {
        const seq = model.messages.at(-1 - next.back)?.seq ?? 0
        if (seq <= model.read) return
        model.read = seq
        model.single = model.single.filter(other => other > seq)
        return write()
      }
      case 'single': {
        const seqs = next.picks.flatMap(pick => model.messages.at(-1 - pick)?.seq ?? [])
        const single = new Set([...model.single, ...seqs.filter(seq => seq > model.read)])
        if (single.size === 0) return
        model.single = [...single].sort((a, b) => a - b)
        return write()
      }
      default:
        return next satisfies never
    }
  }

  it('lists a conversation for both sides from its first message on', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const [seq = 0] = await save([direct(alice, bob, 'a')])
    const conversation = directConversation(alice, bob)
    const rows = async (user: string) => (await store().messages.unread(user)).conversations
    expect(await rows(bob)).to.deep.equal([{ conversation, readSeq: 0, single: [], unread: 1 }])
    expect(await rows(alice)).to.deep.equal([{ conversation, readSeq: seq, single: [], unread: 0 }])
    expect(await rows(newUser())).to.deep.equal([])
  })
}
