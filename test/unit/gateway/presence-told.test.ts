import { expect } from 'chai'
import { PresenceTold } from '../../../gateway/connection/presence-told.ts'
import type { PresenceEvent } from '../../../protocol/events.ts'

describe('what a client has been told of presence', () => {
  const event = (user: string, status: PresenceEvent['status'], answers?: true): PresenceEvent => ({
    kind: 'presence',
    user,
    status,
    ts: 1,
    ...(answers && { answers }),
  })

  it('is not told again by the next owner of its user', () => {
    const told = new PresenceTold()
    expect(told.isNews(event('bob', 'online'))).to.equal(true)
    expect(told.isNews(event('bob', 'online'))).to.equal(false)
    expect(told.isNews(event('bob', 'away'))).to.equal(true)
    expect(told.isNews(event('bob', 'offline'))).to.equal(true)
    expect(told.isNews(event('bob', 'online'))).to.equal(true)
  })

  it('is told that those are gone whom the next owner does not find, once', () => {
    const told = new PresenceTold()
    for (const user of ['bob', 'carol']) told.isNews(event(user, 'online'))
    expect(told.gone(['carol', 'dave']).map(({ user, status }) => [user, status])).to.deep.equal([
      ['bob', 'offline'],
    ])
    expect(told.gone(['carol'])).to.deep.equal([])
    expect(new PresenceTold().gone([])).to.deep.equal([])
  })

  it('is answered what it asks, as often as it asks; who is only asked about is never gone', () => {
    const told = new PresenceTold()
    for (let round = 0; round < 2; round++)
      expect(told.isNews(event('stranger', 'online', true))).to.equal(true)
    expect(told.gone([])).to.deep.equal([])
    told.isNews(event('bob', 'online'))
    expect(told.isNews(event('bob', 'offline', true))).to.equal(true)
    expect(told.isNews(event('bob', 'online')), 'the answer said offline').to.equal(true)
  })

  it('remembers a thousand', () => {
    const told = new PresenceTold()
    for (let n = 0; n <= 1000; n++) told.isNews(event(`u${n}`, 'online'))
    expect(told.gone([])).to.have.length(1000)
  })
})
