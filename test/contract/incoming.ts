import { expect } from 'chai'
import type { NewEntry } from '../../messaging/message-log.ts'
import { repeatIdOf } from '../../protocol/entries.ts'
import { directConversation } from '../../protocol/ids.ts'
import type { Store } from '../../storage/store.ts'
import { direct, newUser } from './message-log.ts'

/** What of MessageStore is for the offline lists. */
export function incomingContract(
  store: () => Store,
  save: (entries: readonly NewEntry[]) => Promise<number[]>,
): void {
  it('answers unread messages of a conversation, from either end, without single ones', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const conversation = directConversation(alice, bob)
    const seqs = await save([
      direct(alice, bob, 'm0'),
      direct(bob, alice, 'own'),
      ...[1, 2, 3, 4].map(n => direct(alice, bob, `m${n}`)),
      direct(newUser(), bob, 'elsewhere'),
    ])
    const [, own = 0, , second = 0] = seqs
    const ask = async (order: 'oldest' | 'newest', limit: number, single: number[] = []) => {
      const query = { conversation, user: bob, readSeq: own, single, order, limit }
      const { entries, position } = await store().messages.incoming(query)
      expect(position).to.be.at.least(seqs.at(-1) ?? 0)
      return entries.map(({ entry }) => repeatIdOf(entry))
    }
    expect(await ask('newest', 3)).to.deep.equal(['m4', 'm3', 'm2'])
    expect(await ask('oldest', 2)).to.deep.equal(['m1', 'm2'])
    expect(await ask('oldest', 9, [second])).to.deep.equal(['m1', 'm3', 'm4'])
  })

  it('answers the newest unread message of each of many conversations', async () => {
    const bob = newUser()
    const senders = Array.from({ length: 120 }, newUser)
    const seqs = await save(senders.flatMap(sender => [direct(sender, bob, 'a'), direct(sender, bob, 'b')]))
    const cursors = senders.map((sender, n) => ({
      conversation: directConversation(sender, bob),
      readSeq: n === 0 ? (seqs[1] ?? 0) : 0,
      single: n === 1 ? [seqs[3] ?? 0] : [],
    }))
    const { entries } = await store().messages.newestIncoming(bob, cursors)
    const found = new Map(entries.map(({ entry }) => [entry.from, repeatIdOf(entry)]))
    expect(found.get(senders[0] ?? ''), 'read').to.equal(undefined)
    expect(found.get(senders[1] ?? ''), 'the newest is read by itself').to.equal('a')
    for (const sender of senders.slice(2)) expect(found.get(sender)).to.equal('b')
  })

  it('finds messages by their senders’ ids and by seqs, in their conversation only', async () => {
    const [alice, bob, carol] = [newUser(), newUser(), newUser()]
    const [first = 0, second = 0, other = 0, mine = 0] = await save([
      direct(alice, bob, 'x '),
      direct(alice, bob, 'x'),
      direct(alice, carol, 'y'),
      direct(bob, alice, 'x'),
    ])
    const query = { conversation: directConversation(alice, bob), sender: alice }
    const named = async (clientMsgIds: string[], seqs: number[]) =>
      (await store().messages.named({ ...query, clientMsgIds, seqs })).entries.map(({ seq }) => seq)
    expect(await named(['x'], [])).to.deep.equal([second])
    expect(await named(['x ', 'unknown', 'y'], [])).to.deep.equal([first])
    expect(await named([], [second, other, mine])).to.deep.equal([second])
    expect(await named([], [])).to.deep.equal([])
  })

  it('loads what is read one by one', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const conversation = directConversation(alice, bob)
    await store().users.saveCursors({
      delivered: [],
      read: [{ user: bob, conversation, seq: 5, single: [7, 9] }],
    })
    expect((await store().users.load(bob)).single).to.deep.equal([{ conversation, seqs: [7, 9] }])
  })
}
