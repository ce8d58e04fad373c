import { expect } from 'chai'
import fc from 'fast-check'
import { KnownPresence, type PresenceNews } from '../../../actors/user/presence/known-presence.ts'
import { presenceStatuses } from '../../../protocol/presence.ts'

const news = (epoch: number, n: number, status: PresenceNews['status'], user = 'bob'): PresenceNews => ({
  user,
  epoch,
  n,
  status,
  ts: epoch * 1000 + n,
})

describe('what is known of others’ presence', () => {
  it('is the newest, whatever order it comes in, however often, and whatever is lost before it', () => {
    const status = fc.constantFrom(...presenceStatuses)
    const owner = fc.array(status, { minLength: 1, maxLength: 5 })
    const said = fc.array(owner, { minLength: 1, maxLength: 4 })
    const property = fc.property(said, fc.infiniteStream(fc.nat(1000)), (owners, order) => {
      const all = owners.flatMap((statuses, epoch) =>
        statuses.map((status, n) => news(epoch + 1, n + 1, status)),
      )
      const newest = all.at(-1)
      if (!newest) return
      const places = order[Symbol.iterator]()
      const place = (): number => places.next().value ?? 0
      // Some are lost, some come twice, the newest comes somewhere.
      const arriving = [
        ...all.slice(0, -1).flatMap(one => Array(place() % 3).fill(one) as PresenceNews[]),
        newest,
      ]
      const shuffled = arriving
        .map(one => ({ one, at: place() }))
        .sort((a, b) => a.at - b.at)
        .map(({ one }) => one)
      const known = new KnownPresence()
      const told: string[] = []
      for (const one of shuffled) if (known.take(one) === 'changed') told.push(one.status)
      expect(known.get('bob')).to.deep.equal(newest)
      expect(told.at(-1), 'what was told last is the truth').to.equal(newest.status)
      for (const [index, status] of told.entries())
        if (index > 0) expect(status, 'nothing is told twice').to.not.equal(told[index - 1])
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('takes an actor’s word before the inference that it is nowhere, and no older one', () => {
    const known = new KnownPresence()
    known.take(news(5, 2, 'online'))
    expect(known.absent('bob', 9000)).to.equal(true)
    expect(known.absent('bob', 9001), 'told once').to.equal(false)
    expect(known.get('bob')).to.include({ status: 'offline', ts: 9000 })
    expect(known.take(news(5, 1, 'away'))).to.equal('older')
    expect(known.take(news(4, 9, 'away'))).to.equal('older')
    expect(known.take(news(5, 2, 'online')), 'it was only out of reach').to.equal('changed')
    expect(known.get('bob'), 'time does not go back').to.include({ status: 'online', ts: 9000 })
    expect(known.take(news(5, 2, 'online'))).to.equal('older')
  })

  it('has a time that does not go back, whatever the clocks of one owner and the next', () => {
    const known = new KnownPresence()
    known.take({ ...news(5, 1, 'away'), ts: 9000 })
    expect(known.take({ ...news(6, 0, 'offline'), ts: 8000 })).to.equal('changed')
    expect(known.get('bob')).to.include({ status: 'offline', ts: 9000 })
    known.take({ ...news(6, 1, 'online'), ts: 9500 })
    known.absent('bob', 9400)
    expect(known.get('bob')).to.include({ status: 'offline', ts: 9500 })
  })

  it('lists who is there, and forgets who is no concern', () => {
    const known = new KnownPresence()
    expect(known.absent('nobody', 1)).to.equal(false)
    known.take(news(1, 1, 'online', 'bob'))
    known.take(news(2, 1, 'away', 'carol'))
    known.take(news(3, 1, 'offline', 'dave'))
    expect([...known.present()].map(({ user }) => user)).to.deep.equal(['bob', 'carol'])
    known.retain(user => user === 'carol')
    expect([...known.present()].map(({ user }) => user)).to.deep.equal(['carol'])
    expect(known.get('dave')).to.equal(undefined)
  })
})
