import { expect } from 'chai'
import fc from 'fast-check'
import type { DirectEntry, Entry } from '../../../protocol/entries.ts'
import type { GroupChange } from '../../../protocol/groups.ts'
import { columnsOf, logEntryOf } from '../../../storage/message-row.ts'

const userId = fc.stringMatching(/^[A-Za-z0-9_@-]{1,64}$/)
const direct: fc.Arbitrary<DirectEntry> = fc
  .record(
    {
      from: userId,
      to: userId,
      clientMsgId: fc.stringMatching(/^[\x20-\x7e]{1,128}$/),
      body: fc.string({ unit: 'binary' }),
      msgType: fc.string({ minLength: 1, maxLength: 32 }),
      ts: fc.maxSafeNat(),
      mentions: fc.array(userId),
      replyTo: fc.maxSafeNat(),
      important: fc.boolean(),
    },
    { requiredKeys: ['from', 'to', 'clientMsgId', 'body', 'msgType', 'ts'] },
  )
  .map(fields => ({ kind: 'direct', ...fields }))

const ordinal = fc.nat()
const ts = fc.maxSafeNat()
const opId = fc.stringMatching(/^[\x20-\x7e]{1,40}$/)
const change: fc.Arbitrary<GroupChange> = fc.oneof(
  fc.record({ event: fc.constant('joined' as const), users: fc.array(userId) }),
  fc.record({ event: fc.constant('left' as const) }),
  fc.record({ event: fc.constant('muted' as const), until: fc.nat() }),
  fc.record({ event: fc.constant('renamed' as const), name: fc.string() }),
)

/** Of every kind that there is. */
const entry: fc.Arbitrary<Entry> = fc.oneof(
  direct,
  fc
    .tuple(direct, userId, ordinal)
    .map(([{ to: _, ...message }, group, n]): Entry => ({ ...message, kind: 'group', group, ordinal: n })),
  fc.record({ kind: fc.constant('notice' as const), from: userId, group: userId, opId, change, ordinal, ts }),
  fc.record({
    kind: fc.constant('revocation' as const),
    from: userId,
    to: userId,
    target: fc.maxSafeNat(),
    ts,
  }),
  fc.record({
    kind: fc.constant('revocation' as const),
    from: userId,
    group: userId,
    target: fc.maxSafeNat(),
    ordinal,
    ts,
  }),
  fc.record({
    kind: fc.constant('join-request' as const),
    from: userId,
    to: userId,
    group: userId,
    clientMsgId: opId,
    opId,
    body: fc.string(),
    ts,
  }),
  fc.record({
    kind: fc.constant('join-decision' as const),
    from: userId,
    to: userId,
    group: userId,
    opId,
    accept: fc.boolean(),
    ts,
  }),
)

describe('a row of an entry', () => {
  it('is the entry again', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), entry, (seq, original) => {
        const columns = columnsOf(original)
        const row = {
          seq,
          feed: 'direct.bob',
          kind: columns.kind,
          sender: columns.sender,
          client_msg_id: columns.clientMsgId,
          recipient: columns.recipient,
          body: columns.body,
          msg_type: columns.msgType,
          extra: columns.extra,
          ts: columns.ts,
          revoked: 0,
        }
        expect(logEntryOf(row)).to.deep.equal({ seq, feed: row.feed, entry: original })
      }),
    )
  })

  it('has nothing extra for most messages, and one conversation for both directions', () => {
    const plain = { kind: 'direct', clientMsgId: 'a', body: '', msgType: 'TEXT', ts: 1 } as const
    const there = columnsOf({ ...plain, from: 'b', to: 'a' })
    const back = columnsOf({ ...plain, from: 'a', to: 'b' })
    expect([there.extra, there.conversation]).to.deep.equal([null, 'direct:a:b'])
    expect(back.conversation).to.equal(there.conversation)
  })
})
