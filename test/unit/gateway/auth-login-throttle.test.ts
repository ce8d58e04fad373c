import { expect } from 'chai'
import { ADDRESS_FAILURES, LoginThrottle, MAX_ADDRESSES } from '../../../gateway/auth/login-throttle.ts'

const now = 1_700_000_000_000
const account = (failedLogins: number) => ({
  userId: 1,
  username: 'a',
  passwordHash: '',
  failedLogins,
  lastFailureAt: now,
})

describe('the login throttle', () => {
  it('makes an account wait 1, 2, 4 … 60 s from its fifth failure on', () => {
    const waits = [0, 4, 5, 6, 7, 10, 11, 12, 5000].map(failures =>
      new LoginThrottle().waitMs(account(failures), 'x', now),
    )
    expect(waits).to.deep.equal([0, 0, 1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000])
  })

  it('lets an account try again once the wait is over', () => {
    const throttle = new LoginThrottle()
    expect(throttle.waitMs(account(7), 'x', now + 3999)).to.equal(1)
    expect(throttle.waitMs(account(7), 'x', now + 4000)).to.equal(0)
  })

  /** Fails from an address until it has to wait; answers how often. */
  const exhaust = (throttle: LoginThrottle, address: string) => {
    let failures = 0
    for (; failures < 2 * ADDRESS_FAILURES && throttle.waitMs(undefined, address, now) === 0; failures++)
      throttle.failed(address)
    return failures
  }

  it('makes an address wait that failed with many names, and no other', () => {
    const throttle = new LoginThrottle()
    expect(exhaust(throttle, '192.0.2.1')).to.be.within(ADDRESS_FAILURES, ADDRESS_FAILURES + 1)
    expect(throttle.waitMs(undefined, '192.0.2.1', now)).to.be.within(1, 1000)
    expect(throttle.waitMs(undefined, '192.0.2.2', now)).to.equal(0)
  })

  it('counts an IPv6 network as one address, an IPv4 one in IPv6 dress as itself', () => {
    const throttle = new LoginThrottle()
    exhaust(throttle, '2001:db8:1:2::1')
    for (const same of ['2001:db8:1:2::ffff', '2001:db8:1:2:3:4:5:6'])
      expect(throttle.waitMs(undefined, same, now)).to.be.above(0)
    for (const other of ['2001:db8:1:3::1', '2001:db8::1', '::1'])
      expect(throttle.waitMs(undefined, other, now)).to.equal(0)
    exhaust(throttle, '::ffff:192.0.2.1')
    expect(throttle.waitMs(undefined, '::ffff:192.0.2.2', now)).to.equal(0)
  })

  it('forgets the address that failed longest ago rather than grow without end', () => {
    const throttle = new LoginThrottle()
    exhaust(throttle, 'first')
    exhaust(throttle, 'second')
    for (let i = 0; i < MAX_ADDRESSES - 1; i++) throttle.failed(`address ${i}`)
    expect(throttle.waitMs(undefined, 'first', now)).to.equal(0)
    expect(throttle.waitMs(undefined, 'second', now)).to.be.above(0)
  })
})
