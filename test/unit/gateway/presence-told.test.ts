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
  const word = (status: PresenceEvent['status'], ts: number, epoch: number, n: number): PresenceEvent => ({
    kind: 'presence',
    user: 'bob',
    status,
    ts,
    order: { epoch, n },
  })

  it('is not told again by the next owner of its user', () => {
    const told = new PresenceTold()
    for (const status of ['online', 'away', 'offline', 'online'] as const) {
      expect(told.take(event('bob', status))).to.deep.equal(event('bob', status))
      expect(told.take(event('bob', status))).to.equal(undefined)
    }
  })

  it('is told that those are gone whom the next owner does not find, once', () => {
    const told = new PresenceTold()
    for (const user of ['bob', 'carol']) told.take(event(user, 'online'))
    expect(told.gone(['carol', 'dave']).map(({ user, status }) => [user, status])).to.deep.equal([
      ['bob', 'offline'],
    ])
    expect(told.gone(['carol'])).to.deep.equal([])
    expect(new PresenceTold().gone([])).to.deep.equal([])
  })

  it('is answered what it asks, as often as it asks; who is only asked about is never gone', () => {
    const told = new PresenceTold()
    for (let round = 0; round < 2; round++)
      expect(told.take(event('stranger', 'online', true))).to.include({ status: 'online' })
    expect(told.gone([])).to.deep.equal([])
    told.take(event('bob', 'online'))
    expect(told.take(event('bob', 'offline', true))).to.include({ status: 'offline' })
    expect(told.take(event('bob', 'online')), 'the answer said offline').to.include({ status: 'online' })
  })

  it('is corrected, and nobody is told of whom nothing was said', () => {
    const told = new PresenceTold()
    const correction = (user: string): PresenceEvent => ({ ...event(user, 'away'), corrects: true })
    expect(told.take(correction('stranger'))).to.equal(undefined)
    told.take(event('bob', 'online'))
    told.gone([])
    expect(told.take(correction('bob'))).to.include({ status: 'away' })
    expect(told.take(correction('bob'))).to.equal(undefined)
  })

  it('is never undone by an older word, whichever owner of its user passes it on', () => {
    const told = new PresenceTold()
    expect(told.take(word('away', 1000, 7, 2))).to.include({ status: 'away' })
    expect(told.take(word('online', 900, 7, 1)), 'the same owner of bob, before').to.equal(undefined)
    expect(told.take(word('offline', 2000, 6, 9)), 'an owner that is superseded').to.equal(undefined)
    told.gone([])
    expect(told.take(word('online', 3000, 6, 10)), 'nor after bob was gone').to.equal(undefined)
    expect(told.take(word('away', 1000, 7, 2)), 'bob was only out of reach').to.include({ status: 'away' })
    const offline = told.take(word('offline', 4000, 8, 0))
    expect(offline).to.include({ status: 'offline' })
    expect(told.take(word('online', 5000, 7, 3))).to.equal(undefined)
    expect(told.take({ ...word('online', 5000, 7, 3), answers: true })).to.include({
      status: 'offline',
      ts: offline?.ts,
      answers: true,
    })
  })

  it('knows the newest word also where it was no news', () => {
    const told = new PresenceTold()
    told.take(word('away', 1000, 7, 2))
    expect(told.take(word('away', 2000, 8, 1))).to.equal(undefined)
    expect(told.take(word('online', 3000, 7, 3))).to.equal(undefined)
    expect(told.take(word('online', 1500, 8, 2)), 'from when on, as told').to.include({ ts: 1500 })
  })

  it('has a time that does not go back, whatever the clock of who says it', () => {
    const told = new PresenceTold()
    told.take(word('away', 1000, 7, 2))
    expect(told.take(word('offline', 900, 8, 0))).to.include({ status: 'offline', ts: 1000 })
    expect(told.take(word('online', 950, 8, 1))).to.include({ status: 'online', ts: 1000 })
    expect(told.take(word('away', 1001, 8, 2))).to.include({ status: 'away', ts: 1001 })
    const [gone] = told.gone([])
    const back = told.take(word('online', 1002, 8, 3))
    expect(gone?.ts).to.be.at.least(1002)
    expect(back).to.include({ status: 'online', ts: gone?.ts })
    const ahead = Date.now() + 60_000
    told.take(word('away', ahead, 8, 4))
    expect(told.gone([])[0]?.ts).to.equal(ahead)
  })

  it('remembers a thousand who are there, and a thousand who are gone', () => {
    const told = new PresenceTold()
    for (const status of ['online', 'offline', 'online'] as const)
      for (let n = 0; n <= 1000; n++) told.take(event(`u${n}`, status))
    expect(told.gone([])).to.have.length(1000)
    expect(told.take(event('u0', 'offline')), 'forgotten').to.include({ status: 'offline' })
    expect(told.take(event('u1000', 'offline'))).to.equal(undefined)
  })
})
