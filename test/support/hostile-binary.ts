import type { Random } from '../../tools/random.ts'
import { int64, pack, packMap, type ValueMap } from './msgpack-by-hand.ts'

const keys = [
  'type',
  'seq',
  'payload',
  'to',
  'content',
  'message_id',
  'token',
  '__proto__',
  'constructor',
  'toString',
  '',
]

/** Values that no field expects, or that some reader of fields trips over. */
const values: readonly Buffer[] = [
  pack(null),
  pack(true),
  pack(-1),
  pack(1.5),
  pack(Number.NaN),
  pack(2 ** 53),
  int64(-(2n ** 63n)),
  Buffer.from('cfffffffffffffffff', 'hex'),
  pack(''),
  pack('__proto__'),
  pack('a\0b'),
  pack('direct.a im.>'),
  // No UTF-8.
  Buffer.from([0xa3, 0xff, 0xfe, 0xc0]),
  pack([]),
  pack({}),
  pack([['bob']]),
  pack({ __proto__: null, constructor: { prototype: { type: 6 } }, length: -1 }),
  packMap([['__proto__', pack({ type: 2, seq: 1 })]]),
  pack(Buffer.from([0x81])),
  // The ending of a time, and of an extension that nobody knows.
  Buffer.from('d6ff00000000', 'hex'),
  Buffer.from('c7037f010203', 'hex'),
  Buffer.from('c1', 'hex'),
]

/** Headers that promise what does not follow. */
const lies = ['dd', 'df', 'c6', 'db', 'c9'].map(head => Buffer.from(`${head}7fffffff`, 'hex'))

/** Binary frames that a client could mean, and what becomes of them in hostile hands. */
export class HostileBinary {
  readonly #random: Random
  readonly #peers: readonly string[]
  readonly #token: string
  #count = 0

  /** `peers`: whom messages go to; `token`: of the sender. */
  constructor(random: Random, peers: readonly string[], token: string) {
    this.#random = random
    this.#peers = peers
    this.#token = token
  }

  next(): Buffer {
    const random = this.#random
    const kind = random.below(100)
    if (kind < 5) return random.bytes(random.below(100))
    if (kind < 15) return this.#bomb()
    const frame = this.#frame(kind < 40 ? this.#payload() : this.#spoiltPayload())
    return kind < 70 ? frame : this.#damage(frame)
  }

  /** Headers inside each other, or a length that is a lie, bare or in a frame's payload. */
  #bomb(): Buffer {
    const random = this.#random
    const heads = ['91', '81', '9f', '8f', 'dc0400', 'dd00000400', 'de0400', 'dc0001', 'dfffffffff']
    const head = Buffer.from(random.pick(heads), 'hex')
    const bomb = random.below(3) === 0 ? random.pick(lies) : Buffer.alloc(1 + random.below(200), head)
    return random.below(2) === 0 ? bomb : this.#frame(bomb)
  }

  #frame(payload: Buffer): Buffer {
    const random = this.#random
    const type = random.below(20) === 0 ? random.below(200) : random.pick([2, 2, 2, 3, 3, 4, 6])
    const entries: [string, Buffer][] = [
      ['type', pack(type)],
      ['seq', pack(++this.#count)],
      ['payload', pack(payload)],
    ]
    for (let more = random.below(6) === 0 ? 1 : 0; more > 0; more--)
      entries.splice(random.below(4), 0, [random.pick(keys), random.pick(values)])
    return packMap(entries)
  }

  #payload(): Buffer {
    const random = this.#random
    const fields: ValueMap = random.pick<() => ValueMap>([
      () => ({ to: random.pick(this.#peers), type: 'text', content: 'hello' }),
      () => ({ message_id: 1 + random.below(5000), status: random.pick(['delivered', 'read']) }),
      () => ({ last_message_id: random.below(5000), last_sync_time: 0 }),
      () => ({ token: this.#token }),
    ])()
    return pack(fields)
  }

  #spoiltPayload(): Buffer {
    const random = this.#random
    const entries = [
      'to',
      'type',
      'content',
      'message_id',
      'status',
      'last_message_id',
      'client_msg_id',
      'token',
    ]
      .filter(() => random.below(2) === 0)
      .map((key): [string, Buffer] => [random.below(10) === 0 ? random.pick(keys) : key, random.pick(values)])
    return packMap(entries)
  }

  #damage(frame: Buffer): Buffer {
    const random = this.#random
    const at = random.below(frame.length)
    switch (random.below(4)) {
      case 0:
        return frame.subarray(0, at)
      case 1:
        return Buffer.concat([frame.subarray(0, at), random.bytes(1 + random.below(8)), frame.subarray(at)])
      case 2:
        return Buffer.concat([frame, frame])
      default:
        frame[at] = (frame[at] ?? 0) ^ (1 << random.below(8))
        return frame
    }
  }
}
