import { expect } from 'chai'
import fc from 'fast-check'
import type { GroupContract } from '../../../actors/group/contract.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { groupFeed } from '../../../protocol/ids.ts'
import { GroupActors } from '../../support/group-actor.ts'
import { LaggingStore } from '../../support/lagging-store.ts'
import { withOthers } from '../../support/with-others.ts'

describe('a group’s actor', function () {
  this.timeout(30_000)
  let world: GroupActors
  before(async () => {
    world = await GroupActors.start()
  })
  after(() => world.stop())

  const message = (clientMsgId: string, body = clientMsgId) => ({ clientMsgId, body, msgType: 'TEXT' })
  const create = { do: 'create', name: 'friends', policy: 'invited', users: ['bob', 'carol'] } as const
  const ordinals = async (group: string) =>
    (await world.log.read(groupFeed(group), 0, 1000))
      .flatMap(({ entry }) => (entry.kind === 'group' ? [entry] : []))
      .map(({ ordinal }) => ordinal)

  it('numbers messages without gaps, whatever is repeated and however often it is activated anew', async () => {
    const ids = fc.array(fc.record({ from: fc.constantFrom('alice', 'bob'), id: fc.nat(8) }), {
      maxLength: 6,
    })
    const calls = fc.array(fc.record({ ids, anew: fc.boolean() }), { maxLength: 6 })
    let groups = await world.process()
    const run = async (all: readonly { ids: { from: string; id: number }[]; anew: boolean }[]) => {
      const group = await world.store.groups.nextId()
      await groups.call(group, 'change', { by: 'alice', opId: `create-${group}`, command: create })
      const seqs = new Map<string, number>()
      for (const { ids, anew } of all) {
        if (anew) groups = await world.process()
        for (const from of ['alice', 'bob']) {
          const messages = ids.flatMap(sent => (sent.from === from ? [message(`${group}-${sent.id}`)] : []))
          const results = await groups.call(group, 'send', { from, messages })
          for (const [index, result] of results.entries()) {
            if (!result || !('seq' in result)) throw new Error(JSON.stringify(result))
            const name = `${from} ${messages[index]?.clientMsgId}`
            expect(result.seq).to.equal(seqs.get(name) ?? result.seq)
            seqs.set(name, result.seq)
          }
        }
      }
      expect(await ordinals(group)).to.deep.equal(Array.from({ length: seqs.size }, (_, n) => n + 1))
    }
    await fc.assert(fc.asyncProperty(calls, run), { numRuns: 25 })
  })

  it('goes by what it has appended although the log, asked again for a lost answer, calls it a repeat', async () => {
    const group = await world.store.groups.nextId()
    const unheard = withOthers(world.log, {
      append: async (fence, entries) => {
        await world.log.append(fence, entries)
        return world.log.append(fence, entries)
      },
    })
    const groups = world.another({ log: unheard })
    const change = (command: Parameters<GroupContract['change']>[0]['command'], opId: string) =>
      groups.call(group, 'change', { by: 'alice', opId: `${opId}-${group}`, command })
    const send = async (from: string, id: string) =>
      (await groups.call(group, 'send', { from, messages: [message(`${id}-${group}`)] }))[0]
    await change(create, 'create')
    expect(await send('bob', 'one')).to.have.property('seq')
    expect(await send('alice', 'two')).to.have.property('seq')
    expect(await ordinals(group)).to.deep.equal([1, 2])
    expect(await change({ do: 'remove', user: 'bob' }, 'remove')).to.include({ ok: true })
    expect(await send('bob', 'three')).to.deep.equal({ reason: 'not_group_member' })
    expect(await change({ do: 'add', users: ['bob'] }, 'add')).to.include({ ok: true })
    expect(await send('bob', 'four')).to.have.property('seq')
  })

  it('answers a repeat of what it has refused as at first, also when its sender has come in', async () => {
    const group = await world.store.groups.nextId()
    const groups = await world.process()
    const change = (command: Parameters<GroupContract['change']>[0]['command'], opId: string) =>
      groups.call(group, 'change', { by: 'alice', opId: `${opId}-${group}`, command })
    const send = (...ids: string[]) =>
      groups.call(group, 'send', { from: 'dave', messages: ids.map(id => message(`${id}-${group}`)) })
    const stranger = { reason: 'not_group_member' }
    await change(create, 'create')
    expect(await send('one', 'two')).to.deep.equal([stranger, stranger])
    await change({ do: 'add', users: ['dave'] }, 'add')
    const [three] = await send('three')
    expect(three).to.have.property('seq')
    // The same call, on its way for long: what was sent later is stored.
    expect(await send('one')).to.deep.equal([stranger])
    expect(await send('three')).to.deep.equal([three])
    const busy = { reason: 'server_busy' }
    expect(await send('two', 'three', 'five'), 'nothing behind it is').to.deep.equal([stranger, busy, busy])
    expect((await send('five'))[0]).to.have.property('seq')
    await change({ do: 'remove', user: 'dave' }, 'remove')
    expect(await send('three', 'four')).to.deep.equal([three, stranger])
  })

  it('makes a change once, however often and wherever it is asked for', async () => {
    const group = await world.store.groups.nextId()
    const asked = { by: 'alice', opId: 'one', command: create }
    const first = await (await world.process()).call(group, 'change', asked)
    const groups = await world.process()
    expect(await groups.call(group, 'change', asked)).to.deep.equal(first)
    expect(await groups.call(group, 'change', asked)).to.deep.equal(first)
    expect(await world.log.read(groupFeed(group), 0, 10)).to.have.length(1)
    const again = await groups.call(group, 'change', { ...asked, opId: 'two' })
    expect(again).to.deep.equal({ ok: false, reason: 'already_member' })
  })

  it('answers the repeat of a stored message, also when its sender has left or been muted since', async () => {
    const group = await world.store.groups.nextId()
    const groups = await world.process()
    const send = (from: string, ...messages: ReturnType<typeof message>[]) =>
      groups.call(group, 'send', { from, messages })
    const [said, unsaid] = [message(`said-${group}`), message(`unsaid-${group}`)]
    await groups.call(group, 'change', { by: 'alice', opId: `create-${group}`, command: create })
    const [bobs] = await send('bob', said)
    const [carols] = await send('carol', said)
    expect(bobs).to.have.property('seq')
    const goes = { do: 'remove', user: 'bob' } as const
    await groups.call(group, 'change', { by: 'bob', opId: `go-${group}`, command: goes })
    const muted = { do: 'mute-member', user: 'carol', seconds: 60 } as const
    await groups.call(group, 'change', { by: 'alice', opId: `mute-${group}`, command: muted })
    expect(await send('bob', said, unsaid)).to.deep.equal([bobs, { reason: 'not_group_member' }])
    expect(await send('bob', { ...said, body: 'other' })).to.deep.equal([
      { reason: 'client_msg_id_conflict' },
    ])
    expect(await send('carol', said, unsaid)).to.deep.equal([carols, { reason: 'group_speak_muted' }])
  })

  it('answers such a repeat also before the message is saved', async () => {
    const lagging = await LaggingStore.open()
    const groups = world.another(lagging)
    const [from, group] = ['bob', 'unsaved']
    const send = () => groups.call(group, 'send', { from, messages: [message('one')] })
    await groups.call(group, 'change', { by: 'alice', opId: 'create', command: create })
    const first = await send()
    expect(first[0]).to.have.property('seq')
    await groups.call(group, 'change', { by: from, opId: 'go', command: { do: 'remove', user: from } })
    expect(await send()).to.deep.equal(first)
    await world.process()
    await lagging.close()
  })

  it('refuses nobody by what it knew before another activation took over', async () => {
    const group = await world.store.groups.nextId()
    // The live copy of the newer claim does not reach the older activation.
    const deaf = new Proxy(world.log, {
      get: (log, name) => {
        if (name === 'watchClaims') return () => ({ stop: () => {} })
        const value: unknown = Reflect.get(log, name)
        return typeof value === 'function' ? value.bind(log) : value
      },
    })
    await world.process()
    const older = world.another({ log: deaf })
    await older.call(group, 'change', { by: 'alice', opId: `create-${group}`, command: create })
    const newer = world.another()
    const dave = { do: 'add', users: ['dave'] } as const
    await newer.call(group, 'change', { by: 'alice', opId: `dave-${group}`, command: dave })
    const [said] = await older.call(group, 'send', { from: 'dave', messages: [message(`dave-${group}`)] })
    expect(said).to.have.property('seq')
  })

  it('tells the active users whom a saved change concerns, and waits until they know', async () => {
    const group = await world.store.groups.nextId()
    const told: unknown[] = []
    let answers = 0
    world.bus.subscribe(subjects.actorEvent('user', 'bob'), ({ value, respond }) => {
      if ((value as { group: string }).group !== group) return respond?.({})
      told.push(value)
      if (++answers > 1) respond?.({})
    })
    const groups = await world.process()
    const made = await groups.call(group, 'change', { by: 'alice', opId: `tell-${group}`, command: create })
    if (!made.ok) throw new Error(made.reason)
    await groups.call(group, 'settle', { seq: made.seq })
    expect(answers, 'asked again until answered').to.equal(2)
    expect(told[1]).to.deep.equal({ kind: 'membership', group, seq: made.seq, member: true })
  })

  it('lets a sender take back what is younger than two minutes, and leaders anything', async () => {
    const group = await world.store.groups.nextId()
    const groups = await world.process()
    await groups.call(group, 'change', { by: 'alice', opId: `revoke-${group}`, command: create })
    const [young] = await groups.call(group, 'send', { from: 'bob', messages: [message(`${group}-young`)] })
    if (!young || !('seq' in young)) throw new Error('not sent')
    const real = Date.now
    try {
      const late = real() + 121_000
      Date.now = () => late
      expect(await groups.call(group, 'revoke', { by: 'bob', seq: young.seq })).to.deep.equal({
        reason: 'revoke_timeout',
      })
      expect(await groups.call(group, 'revoke', { by: 'carol', seq: young.seq })).to.deep.equal({
        reason: 'not_message_sender',
      })
      expect(await groups.call(group, 'revoke', { by: 'alice', seq: young.seq })).to.have.property(
        'seq',
        young.seq,
      )
      expect(await groups.call(group, 'revoke', { by: 'bob', seq: young.seq }), 'a repeat').to.have.property(
        'seq',
        young.seq,
      )
    } finally {
      Date.now = real
    }
    expect(await groups.call(group, 'revoke', { by: 'mallory', seq: young.seq })).to.deep.equal({
      reason: 'not_group_member',
    })
  })
})
