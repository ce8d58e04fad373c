import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect } from 'chai'
import { Rates } from '../../../gateway/connection/rates.ts'
import { UserRates } from '../../../gateway/connection/user-rates.ts'
import { Addresses } from '../../../gateway/sockets/addresses.ts'
import { readSettings } from '../../../runtime/settings.ts'

const request = (remoteAddress: string, forwarded?: string): IncomingMessage => {
  const message = new IncomingMessage(new Socket())
  Object.defineProperty(message.socket, 'remoteAddress', { value: remoteAddress })
  if (forwarded !== undefined) message.headers['x-forwarded-for'] = forwarded
  return message
}
const addresses = (environment: Record<string, string> = {}) => new Addresses(readSettings(environment))

describe('the addresses that connect to a gateway', () => {
  it('are those that trusted proxies name, and nobody else can name one', () => {
    const trusting = addresses({ HOMING_TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.1' })
    expect(trusting.of(request('10.1.2.3', '203.0.113.9'))).to.equal('203.0.113.9')
    expect(trusting.of(request('127.0.0.1', '198.51.100.1, 203.0.113.9, 10.0.0.7'))).to.equal('203.0.113.9')
    expect(trusting.of(request('203.0.113.5', '203.0.113.9'))).to.equal('203.0.113.5')
    expect(addresses().of(request('127.0.0.1', '203.0.113.9'))).to.equal('127.0.0.1')
  })

  it('of one IPv6 customer are one', () => {
    const place = (address: string) => addresses().of(request(address))
    expect(place('2001:db8:1:2::7')).to.equal(place('2001:db8:1:2:ffff:1:2:3'))
    expect(place('2001:db8:1:2::7')).not.to.equal(place('2001:db8:1:3::7'))
  })

  it('may have so many connections open, each by itself', () => {
    const few = addresses({ HOMING_CONNECTIONS_PER_ADDRESS: '2' })
    for (let connection = 0; connection < 2; connection++) {
      expect(few.mayConnect('a')).to.equal(true)
      few.opened('a')
    }
    expect([few.mayConnect('a'), few.mayConnect('b')]).to.deep.equal([false, true])
    few.closed('a')
    expect(few.mayConnect('a')).to.equal(true)
  })

  it('may try so often, each by itself', () => {
    const slow = addresses({
      HOMING_CONNECTS_PER_ADDRESS_PER_SECOND: '1',
      HOMING_CONNECTS_PER_ADDRESS_BURST: '3',
    })
    expect(Array.from({ length: 4 }, () => slow.mayConnect('a'))).to.deep.equal([true, true, true, false])
    expect(slow.mayConnect('b')).to.equal(true)
  })

  it('are not in the way of thousands of clients of a load test', () => {
    const usual = addresses()
    for (let client = 0; client < 10_000; client++) {
      expect(usual.mayConnect('127.0.0.1')).to.equal(true)
      usual.opened('127.0.0.1')
    }
  })
})

describe('what a user may send', () => {
  it('is bounded over all connections, however often a new one is made', () => {
    const settings = readSettings({
      HOMING_MESSAGES_PER_SECOND: '1',
      HOMING_MESSAGES_BURST: '5',
      HOMING_USER_RATE_FACTOR: '2',
    })
    const users = new UserRates(settings)
    const connect = (user: string) => {
      const rates = new Rates(settings)
      rates.share(users.messagesOf(user))
      return Array.from({ length: 6 }, () => rates.message()).filter(Boolean).length
    }
    expect([connect('alice'), connect('alice'), connect('alice'), connect('bob')]).to.deep.equal([5, 5, 0, 5])
  })
})
