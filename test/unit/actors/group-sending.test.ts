import { expect } from 'chai'
import type { GroupContract } from '../../../actors/group/contract.ts'
import { GroupSending } from '../../../actors/user/group-sending.ts'
import { Joining } from '../../../actors/user/joining.ts'
import type { MessageLog } from '../../../messaging/message-log.ts'
import { Actors } from '../../../runtime/actor-runtime.ts'
import { makeLogger } from '../../../runtime/logger.ts'

describe('what a user says to a group that is not there', () => {
  const fence = { owner: 'owner.alice', epoch: 1 }
  const log = { lastClaim: async () => ({ epoch: 1, token: 't', body: null }) } as unknown as MessageLog
  const called: string[] = []
  const groups = new Actors<GroupContract>(
    {
      call: async (_type, id) => {
        called.push(id)
        throw new Error('nobody is there')
      },
    },
    'group',
  )
  let known: 'no' | 'away' = 'no'
  const exists = async () => {
    if (known === 'away') throw new Error('the database is away')
    return false
  }
  const send = { op: 'send', clientMsgId: 'm', group: '12345', body: 'hi', msgType: 'TEXT' } as const
  const logger = makeLogger('silent', 'test')
  const unread = { sent: () => undefined } as never
  const sending = new GroupSending('alice', { log, groups, unread, exists, logger })
  const joining = new Joining('alice', { log, groups, exists })

  it('wakes no actor, which would claim its name for ever', async () => {
    known = 'no'
    const refused = { reason: 'not_group_member' }
    expect(await sending.send([send, { ...send, clientMsgId: 'n' }], fence)).to.deep.equal([refused, refused])
    const ask = { op: 'join-request', group: '12345', clientMsgId: 'a', body: '' } as const
    expect(await joining.request(ask, fence)).to.deep.equal(refused)
    const decide = { op: 'join-decision', group: '12345', to: 'bob', accept: true, opId: 'd' } as const
    expect(await joining.decide(decide, fence)).to.deep.equal(refused)
    expect(called).to.deep.equal([])
  })

  it('may be said again when the database does not tell', async () => {
    known = 'away'
    expect(await sending.send([send], fence)).to.deep.equal([{ reason: 'server_busy' }])
    expect(called).to.deep.equal([])
  })
})
