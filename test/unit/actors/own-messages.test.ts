import { expect } from 'chai'
import type { FeedReader } from '../../../actors/feed-reader.ts'
import type { GroupSending } from '../../../actors/user/group-sending.ts'
import { OwnMessages } from '../../../actors/user/own-messages.ts'
import { Sending } from '../../../actors/user/sending.ts'
import type { UnreadCounts } from '../../../actors/user/unread-counts.ts'
import {
  type LogEntry,
  LogUnavailable,
  type MessageLog,
  type NewEntry,
} from '../../../messaging/message-log.ts'
import { until } from '../../support/until.ts'

const fence = { owner: 'owner.alice', epoch: 1 }

describe('what a user sends, for the other connections', () => {
  /** A log that keeps what it is given, and loses the answer whenever it is told to. */
  const makeSending = () => {
    const kept: LogEntry[] = []
    const log = { losesAnswers: false }
    const append = async (_fence: unknown, [wanted]: readonly NewEntry[]) => {
      if (!wanted) return []
      const first = kept.find(({ entry }) => entry.from === wanted.entry.from)
      if (!first) kept.push({ seq: 7, feed: wanted.feed, entry: wanted.entry })
      if (log.losesAnswers) throw new LogUnavailable('no answer')
      return [{ seq: 7, duplicate: first !== undefined }]
    }
    const sendingOf = () =>
      new Sending('alice', {
        log: { append } as unknown as MessageLog,
        reader: {
          first: async () => kept[0] && { stored: kept[0], refused: false },
        } as unknown as FeedReader,
        recentIds: async () => [],
        windowSize: 10,
        unread: { sent: () => undefined } as unknown as UnreadCounts,
        groups: { send: async () => [] } as unknown as GroupSending,
      })
    const told: number[] = []
    const op = { op: 'send', clientMsgId: 'm', to: 'bob', body: 'b', msgType: 'TEXT' } as const
    const send = (sending: Sending) => sending.send([op], fence, ({ seq }) => told.push(seq))
    return { log, sendingOf, send, told }
  }

  it('is told once when the answer of the log was lost, by the repeat', async () => {
    const { log, sendingOf, send, told } = makeSending()
    const sending = sendingOf()
    log.losesAnswers = true
    expect(await send(sending)).to.deep.equal([{ reason: 'server_busy' }])
    expect(told).to.deep.equal([])
    log.losesAnswers = false
    for (let round = 0; round < 3; round++) await send(sending)
    expect(told).to.deep.equal([7])
  })

  it('is not told again by a repeat that reaches another owner', async () => {
    const { sendingOf, send, told } = makeSending()
    await send(sendingOf())
    const before = Date.now()
    await until(() => Date.now() > before, 'time stands still')
    await send(sendingOf())
    expect(told).to.deep.equal([7])
  })

  it('in a group is told to all but its origin, and to nobody when that is not known', () => {
    const pushed: (string | undefined)[] = []
    const own = new OwnMessages('alice', {
      several: () => true,
      push: ({ seq }, except) => pushed.push(`${seq} except ${except}`),
    })
    const stored = (seq: number, clientMsgId: string, from = 'alice') =>
      own.stored({
        seq,
        feed: 'group.1',
        entry: {
          kind: 'group',
          from,
          group: '1',
          clientMsgId,
          ordinal: seq,
          body: 'b',
          msgType: 'TEXT',
          ts: 1,
        },
      })
    own.sending([{ op: 'send', clientMsgId: 'm1', group: '1', body: 'b', msgType: 'TEXT' }], 'c1')
    own.sending([{ op: 'send', clientMsgId: 'm2', group: '1', body: 'b', msgType: 'TEXT' }], undefined)
    stored(1, 'm1', 'bob')
    stored(2, 'm1')
    stored(3, 'm2')
    stored(4, 'm1')
    stored(5, 'from another owner')
    expect(pushed).to.deep.equal(['2 except c1', '3 except undefined'])
  })
})
