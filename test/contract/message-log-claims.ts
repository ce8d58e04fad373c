import { expect } from 'chai'
import { Superseded } from '../../messaging/message-log.ts'
import { directFeed, userOwner } from '../../protocol/ids.ts'
import { eventually } from '../support/eventually.ts'
import { type Context, direct, failure, ownership } from './message-log-context.ts'

export function claims({ log, users, restart }: Context): void {
  it('knows no claim of an owner nobody claimed', async () => {
    expect(await log().lastClaim(userOwner(users()[0]))).to.equal(undefined)
  })

  it('answers the last claim with its token and body, also to the next process', async () => {
    const owner = userOwner(users()[0])
    const body = { route: [{ connId: 'c1', gatewayId: 'g' }] }
    const first = await log().claim(owner, { token: 'one', body: null }, 0)
    const second = await log().claim(owner, { token: 'one', body }, first)
    expect(second).to.be.greaterThan(first)
    expect(await log().lastClaim(owner)).to.deep.equal({ token: 'one', body, epoch: second })
    await restart()
    expect(await log().lastClaim(owner)).to.deep.equal({ token: 'one', body, epoch: second })
  })

  it('refuses a claim that expects another than the last one', async () => {
    const owner = userOwner(users()[0])
    const epoch = await log().claim(owner, { token: 'one', body: null }, 0)
    expect(await failure(log().claim(owner, { token: 'two', body: null }, 0))).to.be.instanceOf(Superseded)
    expect(await failure(log().claim(owner, { token: 'two', body: null }, epoch + 1))).to.be.instanceOf(
      Superseded,
    )
    expect((await log().lastClaim(owner))?.token).to.equal('one')
  })

  it('takes a claim again whose answer was lost', async () => {
    const owner = userOwner(users()[0])
    await log().claim(owner, { token: 'one', body: 1 }, 0)
    const epoch = await log().claim(owner, { token: 'one', body: 1 }, 0)
    expect(await log().lastClaim(owner)).to.deep.equal({ token: 'one', body: 1, epoch })
  })

  it('tells whether a claim is the last, of owners nobody has claimed too', async () => {
    const [alice, bob] = users().map(userOwner)
    if (!alice || !bob) return expect.fail('no users')
    const epoch = await log().claim(alice, { token: 'one', body: null }, 0)
    const held = () => Promise.all([log().isHeld(alice, 'one'), log().isHeld(bob, 'one')])
    expect(await held()).to.deep.equal([true, false])
    await log().claim(alice, { token: 'two', body: null }, epoch)
    expect(await held()).to.deep.equal([false, false])
  })

  it('tells the holder once when somebody else claims, and not of its own renewals', async () => {
    const owner = userOwner(users()[0])
    let told = 0
    let epoch = await log().claim(owner, { token: 'one', body: null }, 0)
    log().watchClaims(owner, 'one', () => {
      told += 1
    })
    let stoppedTold = 0
    const stopped = log().watchClaims(owner, 'one', () => {
      stoppedTold += 1
    })
    await log().flush()
    stopped.stop()
    epoch = await log().claim(owner, { token: 'one', body: null }, epoch)
    expect(told).to.equal(0)
    epoch = await log().claim(owner, { token: 'two', body: null }, epoch)
    await eventually(() => expect(told).to.equal(1))
    await log().claim(owner, { token: 'three', body: null }, epoch)
    expect([told, stoppedTold]).to.deep.equal([1, 0])
  })
}

export function fences({ log, users, restart }: Context): void {
  it('refuses an append without the last claim, and leaves no trace of it', async () => {
    const [alice, bob] = users()
    const owner = userOwner(alice)
    const old = await ownership(log(), alice, 'one')
    expect(await failure(log().append({ owner, epoch: old.epoch + 1 }, [direct(alice, bob, 'a')])))
      .to.be //
      .instanceOf(Superseded)
    const current = await ownership(log(), alice, 'two')
    expect(await failure(log().append(old, [direct(alice, bob, 'b')]))).to.be.instanceOf(Superseded)
    expect(await log().read(directFeed(bob), 0, 10)).to.deep.equal([])
    const [appended] = await log().append(current, [direct(alice, bob, 'b')])
    expect(appended?.duplicate).to.equal(false)
  })

  it('refuses an owner who never claimed', async () => {
    const [alice, bob] = users()
    const fence = { owner: userOwner(alice), epoch: 0 }
    expect(await failure(log().append(fence, [direct(alice, bob, 'a')]))).to.be.instanceOf(Superseded)
  })

  it('takes appends under a claim of before a restart', async () => {
    const [alice, bob] = users()
    const fence = await ownership(log(), alice)
    await restart()
    expect(await log().append(fence, [direct(alice, bob, 'a')])).to.have.length(1)
  })
}
