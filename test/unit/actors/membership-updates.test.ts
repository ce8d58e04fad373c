import { expect } from 'chai'
import { MembershipUpdates } from '../../../actors/user/membership-updates.ts'
import { Memberships } from '../../../actors/user/memberships.ts'
import type { MessageLog } from '../../../messaging/message-log.ts'
import { delay } from '../../../runtime/backoff.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { until } from '../../support/until.ts'

describe('what a group’s actor tells a user’s', () => {
  const notice = { kind: 'membership', group: 'g', seq: 7, member: true } as const
  let followed: number
  let asked: number
  let joined: string[]
  let isAway: boolean
  let memberships: Memberships
  let updates: MembershipUpdates

  beforeEach(() => {
    followed = 0
    asked = 0
    joined = []
    isAway = true
    const log = {
      follow: () => {
        followed++
        return { stop: () => followed-- }
      },
      flush: async () => undefined,
      read: async () => [],
    } as unknown as MessageLog
    memberships = new Memberships('bob', log, () => undefined)
    updates = new MembershipUpdates('bob', {
      memberships,
      connections: { joined: group => joined.push(group), left: () => undefined },
      groups: {
        spans: async () => {
          asked++
          if (isAway) throw new Error('the database is away')
          return [{ from: 7 }]
        },
      },
      changed: () => undefined,
      recount: () => undefined,
      logger: makeLogger('silent', 'test'),
    })
  })

  it('is taken once the tables can be read, although nobody tells it again, and answered then', async () => {
    let answers = 0
    updates.onNotice(notice, () => answers++)
    await until(() => asked > 1, 'it is not tried again')
    expect(answers).to.equal(0)
    isAway = false
    await until(() => answers === 1, 'it is not answered')
    expect(joined).to.deep.equal(['g'])
    expect(memberships.isMember('g')).to.equal(true)
  })

  it('is not taken any more by one that has ended, nor answered', async () => {
    let answers = 0
    updates.onNotice(notice, () => answers++)
    await until(() => asked > 0, 'the tables are not read')
    updates.stop()
    memberships.stop()
    isAway = false
    await delay(300)
    expect([answers, followed, joined.length]).to.deep.equal([0, 0, 0])
  })
})
