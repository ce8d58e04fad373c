import { expect } from 'chai'
import { isPassword, readUsername } from '../../../gateway/auth/credentials.ts'
import { KeyedTurns } from '../../../gateway/auth/keyed-turns.ts'
import { hashPassword, verifyPassword } from '../../../gateway/auth/passwords.ts'
import { Slots } from '../../../gateway/auth/slots.ts'

describe('passwords', () => {
  it('a hash verifies its password and no other', async () => {
    const hash = await hashPassword('correct horse')
    expect(await verifyPassword('correct horse', hash)).to.equal(true)
    for (const wrong of ['correct horse ', 'Correct horse', '', 'correct\u0000horse'])
      expect(await verifyPassword(wrong, hash), wrong).to.equal(false)
  })

  it('a hash made with other parameters still verifies', async () => {
    // RFC 7914, 12: P="pleaseletmein", S="SodiumChloride", N=16384, r=8, p=1.
    const expected =
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887'
    const encode = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
    const stored = `$scrypt$ln=14,r=8,p=1$${encode(Buffer.from('SodiumChloride'))}$${encode(Buffer.from(expected, 'hex'))}`
    expect(await verifyPassword('pleaseletmein', stored)).to.equal(true)
    expect(await verifyPassword('pleaseletmeout', stored)).to.equal(false)
  })

  it('the same password typed in two ways is the same', async () => {
    expect(await verifyPassword('caf\u00e9', await hashPassword('cafe\u0301'))).to.equal(true)
  })

  for (const stored of [
    '',
    'plain',
    `$scrypt$ln=31,r=8,p=1$AAAA$${'A'.repeat(43)}`,
    `$scrypt$ln=15,r=99,p=1$AAAA$${'A'.repeat(43)}`,
    '$scrypt$ln=15,r=8,p=1$AAAA$A',
    `$scrypt$ln=0,r=0,p=0$AAAA$${'A'.repeat(43)}`,
  ])
    it(`a damaged hash is an error, not a match: ${stored.slice(0, 24)}`, async () => {
      const outcome = await verifyPassword('', stored).catch(error => error)
      expect(outcome).to.be.instanceOf(Error)
    })

  it('count as bytes, usernames as characters', () => {
    expect(isPassword('ü'.repeat(512))).to.equal(true)
    expect(isPassword('ü'.repeat(513))).to.equal(false)
    expect(readUsername('😀'.repeat(64))).to.equal('😀'.repeat(64))
    expect(readUsername('😀'.repeat(65))).to.equal(undefined)
    expect(readUsername(' Ann Lee ')).to.equal('Ann Lee')
  })
})

describe('slots', () => {
  it('run so many jobs at once and no more, the others in order, failures or not', async () => {
    const slots = new Slots(2)
    const started: number[] = []
    let running = 0
    let most = 0
    const job = (n: number) => async () => {
      started.push(n)
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
      if (n % 3 === 0) throw new Error('failed')
    }
    await Promise.allSettled(Array.from({ length: 10 }, (_, n) => slots.run(job(n))))
    expect(started).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(most).to.equal(2)
  })
})

describe('keyed turns', () => {
  it('let jobs of one key follow one another and others pass', async () => {
    const turns = new KeyedTurns()
    const order: string[] = []
    const job = (name: string, ticks: number) => async () => {
      for (let i = 0; i < ticks; i++) await new Promise(setImmediate)
      order.push(name)
      if (name === 'a1') throw new Error('failed')
    }
    const all = [turns.run('a', job('a1', 5)), turns.run('a', job('a2', 0)), turns.run('b', job('b1', 0))]
    expect(turns.size).to.equal(3)
    await Promise.allSettled(all)
    expect(order).to.deep.equal(['b1', 'a1', 'a2'])
    expect(turns.size).to.equal(0)
  })
})
