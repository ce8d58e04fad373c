import v8 from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import fc from 'fast-check'
import { isWithinBounds, MAX_DEPTH, MAX_ENTRIES } from '../../../gateway/msgpack/bounds.ts'
import { decodeMap, encodeFrame, field, integerOf, textOf } from '../../../gateway/msgpack/codec.ts'
import { decodeMessage } from '../../../gateway/msgpack/decode.ts'
import { errorCodes, errorOf } from '../../../gateway/msgpack/error-codes.ts'
import { idOnWire, readId } from '../../../gateway/msgpack/ids.ts'
import { refusals } from '../../../protocol/errors.ts'
import { isUserId } from '../../../protocol/ids.ts'
import { Random } from '../../../tools/random.ts'
import { HostileBinary } from '../../support/hostile-binary.ts'
import { pack, packMap, unpack, type Value, type ValueMap } from '../../support/msgpack-by-hand.ts'

/** After a collection; the process's own memory is looked at where a server gets such frames (hostile-binary.test.ts). */
const KEPT_BYTES = 4 * 2 ** 20

v8.setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const SEED = Number(process.env.SEED ?? 20_240)
const sender = { user: 'mallory', connId: 'c1' }

const nested = (head: string, depth: number, end = 'c0'): Buffer =>
  Buffer.from(head.repeat(depth) + end, 'hex')

describe('the bounds of MessagePack', () => {
  const { letrec, tuple, array, string, uint8Array, bigInt, double, boolean, constant, oneof } = fc
  const value = letrec<{ value: Value; leaf: Value; map: Value }>(tie => ({
    value: oneof({ maxDepth: 5 }, tie('leaf'), array(tie('value'), { maxLength: 20 }), tie('map')),
    map: array(tuple(string(), tie('value')), { maxLength: 20 }).map(entries => Object.fromEntries(entries)),
    leaf: oneof(
      string({ maxLength: 300 }),
      uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
      bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      double(),
      boolean(),
      constant(null),
    ),
  })).value

  it('take every value that keeps to them, whole, and nothing more or less of it', () => {
    fc.assert(
      fc.property(value, fc.nat(), (item, cut) => {
        const bytes = pack(item)
        expect(isWithinBounds(bytes)).to.equal(true)
        expect(isWithinBounds(bytes.subarray(0, cut % bytes.length))).to.equal(false)
        expect(isWithinBounds(Buffer.concat([bytes, Buffer.from([0xc0])]))).to.equal(false)
      }),
    )
  })

  it(`are ${MAX_DEPTH} levels and ${MAX_ENTRIES} entries`, () => {
    expect(isWithinBounds(nested('91', MAX_DEPTH))).to.equal(true)
    expect(isWithinBounds(nested('91', MAX_DEPTH + 1))).to.equal(false)
    expect(isWithinBounds(nested('81c0', MAX_DEPTH + 1))).to.equal(false)
    const array = (count: number) => pack(Array.from({ length: count }, () => 1))
    expect(isWithinBounds(array(MAX_ENTRIES))).to.equal(true)
    expect(isWithinBounds(array(MAX_ENTRIES + 1))).to.equal(false)
    const map = (count: number) => packMap(Array.from({ length: count }, (_, key) => [`${key}`, pack(1)]))
    expect(isWithinBounds(map(MAX_ENTRIES))).to.equal(true)
    expect(isWithinBounds(map(MAX_ENTRIES + 1))).to.equal(false)
  })

  it('take nothing from lengths that lie', () => {
    for (const head of [
      'c4ff',
      'c5ffff',
      'c6ffffffff',
      'd9ff',
      'daffff',
      'dbffffffff',
      'c8ffff00',
      'dc0400',
      'dd00000400',
    ])
      expect(isWithinBounds(Buffer.from(`${head}00`, 'hex')), head).to.equal(false)
  })

  it('make 100 bytes of nested headers cost nothing', () => {
    const bombs = ['91', '9f', 'dc0400', 'dd00000400', 'ddffffffff', 'dfffffffff', 'de0400'].map(head =>
      Buffer.alloc(100, Buffer.from(head, 'hex')),
    )
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed
    const start = performance.now()
    for (let count = 0; count < 10_000; count++)
      for (const bomb of bombs) expect1(decodeMap(bomb) === undefined)
    expect((performance.now() - start) / 70_000, 'ms each').to.be.below(0.02)
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before).to.be.below(
      8 * 2 ** 20,
    )
  })
})

const expect1 = (fact: boolean): void => {
  if (!fact) throw new Error('a bomb was decoded')
}

describe('the MessagePack codec', () => {
  it('reads what anybody else has written: integers exactly, text as str or bin', () => {
    const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(integer, fc.string({ unit: 'grapheme' }), fc.boolean(), (number, text, asBytes) => {
        const map = decodeMap(pack({ number, text: asBytes ? Buffer.from(text) : text }))
        if (!map) throw new Error('not read')
        expect(BigInt(integerOf(field(map, 'number')) ?? Number.NaN)).to.equal(number)
        expect(textOf(field(map, 'text'))).to.equal(text)
      }),
    )
  })

  it('writes what anybody else can read', () => {
    const number = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(number, fc.string(), number, (seq, content, id) => {
        const frame = unpack(
          Buffer.from(encodeFrame(102, seq, { content, id, absent: undefined })),
        ) as ValueMap
        expect(BigInt(frame.seq as number)).to.equal(seq)
        const payload = unpack(Buffer.from(frame.payload as Uint8Array)) as ValueMap
        expect(payload.content).to.equal(content)
        expect(BigInt(payload.id as number)).to.equal(id)
        expect(payload).not.to.have.property('absent')
      }),
    )
    expect(unpack(Buffer.from(encodeFrame(105, 7)))).to.deep.equal({ type: 105, seq: 7, payload: null })
  })

  it('has ids that come back as they went, numbers only where they are decimals', () => {
    const id = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9_@-]{1,64}$/),
      fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String),
    )
    fc.assert(
      fc.property(id, user => {
        const wire = idOnWire(user)
        const isDecimal = /^(0|[1-9]\d*)$/.test(user) && BigInt(user) < 2n ** 64n
        expect(typeof wire === 'string').to.equal(!isDecimal)
        expect(readId(typeof wire === 'string' ? Buffer.from(wire) : BigInt(wire))).to.equal(
          isUserId(user) ? user : '',
        )
      }),
    )
    expect([
      readId(null),
      readId(1.5),
      readId({}),
      readId(Buffer.from('a b')),
      readId(Buffer.alloc(0)),
    ]).to.deep.equal([undefined, '', '', '', ''])
  })

  it('refuses keys like __proto__ as what they are, and finds no field that nobody wrote', () => {
    expect(decodeMap(packMap([['__proto__', pack({ type: 6 })]]))).to.equal(undefined)
    const map = decodeMap(packMap([['constructor', pack(1)]]))
    expect(field(map ?? {}, 'toString')).to.equal(undefined)
    expect(decodeMessage(packMap([['seq', pack(4)]]), sender)).to.deep.equal({
      kind: 'refused',
      reason: 'missing_type',
      seq: 4,
    })
    expect({}).not.to.have.property('type')
  })

  it('refuses a text whose JSON the log could not hold', () => {
    const chat = (content: string) =>
      decodeMessage(pack({ type: 2, seq: 1, payload: pack({ to: 'bob', content }) }), sender)
    expect(chat('x'.repeat(1_000_000)).kind).to.equal('op')
    expect(chat('\u0001'.repeat(1_000_000))).to.include({ kind: 'refused', reason: 'body_too_long' })
  })

  it(`reads 1,000,000 hostile frames without a throw and without keeping anything (SEED=${SEED})`, function () {
    this.timeout(180_000)
    const frames = new HostileBinary(new Random(SEED), ['bob', 'carol'], 'a.b.c')
    const kinds = new Map<string, number>()
    const read = (count: number) => {
      for (let left = count; left > 0; left--) {
        const { kind } = decodeMessage(frames.next(), sender)
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      }
    }
    read(100_000)
    collect()
    const before = process.memoryUsage()
    for (let round = 0; round < 10; round++) {
      read(90_000)
      collect()
      const { heapUsed, external } = process.memoryUsage()
      expect(heapUsed + external - before.heapUsed - before.external).to.be.below(KEPT_BYTES)
    }
    for (const kind of ['op', 'ping', 'auth', 'refused']) expect(kinds.get(kind), kind).to.be.above(100)
  })
})

describe('the error codes of MessagePack clients', () => {
  it('name every reason of the catalogue by one of the contract’s codes', () => {
    expect(Object.keys(errorCodes).toSorted()).to.deep.equal(Object.keys(refusals).toSorted())
    const contract = [
      'WS_AUTH_FAILED',
      'WS_INTERNAL_ERROR',
      'WS_INVALID_MESSAGE',
      'WS_INVALID_PAYLOAD',
      'WS_NOT_AUTHENTICATED',
      'WS_RATE_LIMITED',
      'WS_USER_NOT_FOUND',
    ]
    expect([...new Set(Object.values(errorCodes))].toSorted()).to.deep.equal(contract)
    expect(errorOf('bad_to')).to.deep.equal({
      code: 'WS_USER_NOT_FOUND',
      message: 'bad_to: the recipient is not a user id',
    })
  })
})
