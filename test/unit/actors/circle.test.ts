import { expect } from 'chai'
import { Circle } from '../../../actors/user/presence/circle.ts'
import { MAX_PRESENCE_GROUP } from '../../../protocol/presence.ts'
import type { Store } from '../../../storage/store.ts'

describe('who shares conversations with a user', () => {
  const make = (limit: number) => {
    const state = { partners: ['bob', 'carol'], members: ['alice', 'carol', 'dave'], reads: 0, fails: false }
    const asked: unknown[] = []
    const store = {
      users: {
        partners: async () => {
          state.reads++
          if (state.fails) throw new Error('no database')
          return state.partners
        },
      },
      groups: {
        membersOfSmall: async (...args: unknown[]) => {
          asked.push(args)
          return new Set(state.members)
        },
      },
    } as unknown as Pick<Store, 'users' | 'groups'>
    const circle = new Circle('alice', { store, groups: () => ['g1'], limit })
    return { circle, state, asked }
  }

  it('are direct partners, then members of small groups, each once, without the user', async () => {
    const { circle, asked } = make(10)
    expect(await circle.users()).to.deep.equal(['bob', 'carol', 'dave'])
    expect(asked).to.deep.equal([[['g1'], MAX_PRESENCE_GROUP, 10]])
    expect(circle.has('dave')).to.equal(true)
    expect(circle.has('alice')).to.equal(false)
  })

  it('are at most so many, those whom the user meets before all', async () => {
    const { circle } = make(3)
    for (const user of ['x', 'y', 'z', 'w']) circle.met(user)
    expect(await circle.users()).to.deep.equal(['y', 'z', 'w'])
    expect(circle.has('x')).to.equal(false)
  })

  it('are joined by whom the user meets, who is new once it has been read and has room', async () => {
    const { circle } = make(2)
    expect(circle.met('x'), 'not read yet').to.equal(false)
    await circle.users()
    expect(circle.met('bob'), 'read already').to.equal(false)
    expect(circle.met('y'), 'full').to.equal(false)
    const roomy = make(10).circle
    await roomy.users()
    expect([roomy.met('y'), roomy.met('y')]).to.deep.equal([true, false])
    expect(roomy.has('y')).to.equal(true)
  })

  it('are read once, by all who ask at once, and again after a change or a failure', async () => {
    const { circle, state } = make(10)
    const [first, second] = await Promise.all([circle.users(), circle.users()])
    expect(first).to.deep.equal(second)
    await circle.users()
    expect(state.reads).to.equal(1)
    expect(circle.isCurrent).to.equal(true)
    circle.outdated()
    state.fails = true
    expect(await circle.users().catch((error: Error) => error.message)).to.equal('no database')
    expect(circle.has('bob'), 'what was read before stands').to.equal(true)
    state.fails = false
    state.members = []
    expect(await circle.users()).to.deep.equal(['bob', 'carol'])
    expect(state.reads).to.equal(3)
  })
})
