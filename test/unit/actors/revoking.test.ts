import { expect } from 'chai'
import type { FeedReader } from '../../../actors/feed-reader.ts'
import type { GroupContract } from '../../../actors/group/contract.ts'
import { Revoking } from '../../../actors/user/revoking.ts'
import type { LogEntry, MessageLog, NewEntry } from '../../../messaging/message-log.ts'
import { REVOKE_WITHIN_MS } from '../../../protocol/groups.ts'
import { Actors } from '../../../runtime/actor-runtime.ts'

const fence = { owner: 'owner.alice', epoch: 1 }

describe('taking a direct message back', () => {
  /** What is answered for a message that was sent so long ago, and what was appended. */
  const revoke = async (ageMs: number, more: Partial<LogEntry> = {}) => {
    const message = { clientMsgId: 'm', body: 'b', msgType: 'TEXT', ts: Date.now() - ageMs }
    const entry = { kind: 'direct', from: 'alice', to: 'bob', ...message } as const
    const appended: NewEntry[] = []
    const revoking = new Revoking('alice', {
      reader: {
        entry: async () => ({ seq: 5, feed: 'direct.bob', entry, ...more }),
      } as unknown as FeedReader,
      log: {
        append: async (_fence: unknown, entries: readonly NewEntry[]) => {
          appended.push(...entries)
          return [{ seq: 9, duplicate: false }]
        },
      } as unknown as MessageLog,
      groups: new Actors<GroupContract>({ call: () => Promise.reject(new Error('no group')) }, 'group'),
      tell: () => {},
    })
    return { result: await revoking.revoke({ op: 'revoke', seq: 5, clientMsgId: 'r' }, fence), appended }
  }

  it('goes for two minutes', async () => {
    const { result, appended } = await revoke(REVOKE_WITHIN_MS - 1000)
    expect(result).to.have.property('seq', 5)
    expect(appended[0]).to.deep.include({ feed: 'direct.bob', dedupeId: 'alice:\trevoke:5' })
    const late = await revoke(REVOKE_WITHIN_MS + 1000)
    expect(late.result).to.deep.equal({ reason: 'revoke_timeout' })
    expect(late.appended).to.deep.equal([])
  })

  it('is answered as before, however late it is repeated', async () => {
    const { result, appended } = await revoke(REVOKE_WITHIN_MS + 1000, { revoked: true })
    expect(result).to.have.property('seq', 5)
    expect(appended).to.deep.equal([])
  })
})
