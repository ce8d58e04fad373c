import type { Random } from '../../tools/random.ts'

/** A message of a WebSocket as its sender meant it: nothing says that it is JSON, UTF-8 or small. */
export interface HostileFrame {
  readonly data: Buffer
  readonly binary: boolean
  /** Whether it may count as a protocol error, or close at once. */
  readonly mayClose: boolean
}

const nested = (open: string, depth: number, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`

/** JSON texts that no field expects, or that some reader of fields trips over. */
const values: readonly string[] = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-1',
  '1.5',
  '1e999',
  '-1e999',
  '1e-999',
  '9007199254740993',
  '123456789012345678901234567890',
  '""',
  '" "',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u202e\\u200b\\ufeff"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"."',
  '"*"',
  '">"',
  '"direct.a im.>"',
  `"'; drop table message; --"`,
  '"NaN"',
  '"Infinity"',
  '"0x10"',
  '"1e3"',
  `"${'x'.repeat(129)}"`,
  '[]',
  '{}',
  '["bob"]',
  '[[[["bob"]]]]',
  '{"toString":1,"valueOf":1}',
  '{"toString":null}',
  '{"__proto__":{"type":"PING"}}',
  '{"toJSON":"x","length":-1}',
  '{"length":4294967295}',
]

/** The same, at a price for who reads them. */
const largeValues: readonly string[] = [
  '9'.repeat(3000),
  nested('[', 5000, ']'),
  nested('[', 25_000, ']'),
  nested('{"a":', 8000, '}'),
  `"${'x'.repeat(40_000)}"`,
  `"${'\\ud83d\\ude00'.repeat(4000)}"`,
]

const names: readonly string[] = [
  'type',
  'clientMsgId',
  'to',
  'groupId',
  'body',
  'msgType',
  'mentions',
  'replyToServerMsgId',
  'important',
  'ts',
  'ackType',
  'serverMsgId',
  'upTo',
  'from',
  'reason',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '',
]

/** Frames that a client could mean, and what becomes of them in hostile hands. */
export class HostileFrames {
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

  next(): HostileFrame {
    const random = this.#random
    const kind = random.below(100)
    if (kind < 1)
      return { data: random.bytes(random.below(200)), binary: random.below(2) === 0, mayClose: true }
    const fields = this.#fields(kind < 10 ? 0 : 1 + random.below(3))
    const text = `{${Array.from(fields, ([name, value]) => `"${name}":${value}`).join(',')}}`
    if (kind < 4) return { data: this.#damage(Buffer.from(text)), binary: false, mayClose: true }
    const isSound = fields.get('type') === '"SINGLE_CHAT"' || fields.get('type') === '"ACK"'
    return { data: Buffer.from(text), binary: false, mayClose: !isSound }
  }

  /** A frame's fields as JSON, so many of them changed. */
  #fields(changes: number): Map<string, string> {
    const random = this.#random
    const fields = new Map(this.#template())
    for (let change = 0; change < changes; change++) {
      const name = random.pick([...fields.keys(), random.pick(names)])
      // Protocol errors close, and a connection costs more than a hundred frames.
      if (name === 'type' && random.below(8) > 0) continue
      if (random.below(6) === 0) fields.delete(name)
      else fields.set(name, random.pick(random.below(50) === 0 ? largeValues : values))
    }
    return fields
  }

  #template(): [name: string, text: string][] {
    const random = this.#random
    const clientMsgId = `"h${++this.#count}"`
    const to = `"${random.pick(this.#peers)}"`
    const kind = random.below(100)
    if (kind < 60)
      return [
        ['type', '"SINGLE_CHAT"'],
        ['clientMsgId', clientMsgId],
        ['to', to],
        ['body', '"hello"'],
        ['mentions', `[${to}]`],
        ['important', 'true'],
      ]
    if (kind < 96)
      return [
        ['type', '"ACK"'],
        ['ackType', random.pick(['"delivered"', '"read"', '"ack_read"'])],
        ['serverMsgId', `"${1 + random.below(5000)}"`],
        ['upTo', 'true'],
      ]
    if (kind < 97) return [['type', '"PING"']]
    if (kind < 99)
      return [
        ['type', '"GROUP_CHAT"'],
        ['clientMsgId', clientMsgId],
        ['groupId', to],
        ['body', '"hi"'],
      ]
    return [
      ['type', random.pick(['"AUTH"', '"REAUTH"'])],
      ['token', `"${this.#token}"`],
    ]
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
