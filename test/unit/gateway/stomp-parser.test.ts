import { expect } from 'chai'
import fc from 'fast-check'
import { escapeHeader, type StompVersion, stompVersions } from '../../../gateway/stomp/escapes.ts'
import { clientCommands, encodeFrame, type StompFrame } from '../../../gateway/stomp/frame.ts'
import { BadFrame, STOMP_LIMITS, StompParser } from '../../../gateway/stomp/parser.ts'

/** A client's frame on the wire, as the version spells it. */
interface Written {
  readonly command: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  readonly measured: boolean
  readonly eol: '\n' | '\r\n'
  /** Ends of lines after the frame. */
  readonly gap: string
}

const write = ({ command, headers, body, measured, eol, gap }: Written, version: StompVersion): string => {
  const escapes = command === 'CONNECT' || command === 'STOMP' ? 'none' : version
  const lines = headers.map(
    ([name, value]) => `${escapeHeader(name, escapes)}:${escapeHeader(value, escapes)}`,
  )
  const length = measured ? [`content-length:${Buffer.byteLength(body)}`] : []
  return `${[command, ...length, ...lines].join(eol)}${eol}${eol}${body}\0${gap}`
}

/** What each version can say in a header. */
const texts: Readonly<Record<StompVersion, fc.Arbitrary<string>>> = {
  '1.2': fc.string({ unit: fc.constantFrom('a', 'é', '😀', ':', '\\', '\n', '\r', ' ', 'n') }),
  '1.1': fc.string({ unit: fc.constantFrom('a', 'é', '😀', ':', '\\', '\n', ' ', 'n') }),
  '1.0': fc.string({ unit: fc.constantFrom('a', 'é', '😀', '\\', ' ', 'n') }),
}

const frameOf = (version: StompVersion): fc.Arbitrary<Written> =>
  fc
    .record({
      command: fc.constantFrom(...clientCommands.filter(name => name !== 'CONNECT' && name !== 'STOMP')),
      headers: fc.array(
        fc.tuple(
          texts[version].map(text => `h${text}`),
          texts[version],
        ),
        { maxLength: 5 },
      ),
      body: fc.string({ unit: 'binary', maxLength: 60 }).map(text => text.toWellFormed()),
      measured: fc.boolean(),
      eol: fc.constantFrom('\n' as const, '\r\n' as const),
      gap: fc.constantFrom('', '\n', '\n\n', '\r\n'),
    })
    .map(frame => (frame.measured ? frame : { ...frame, body: frame.body.replaceAll('\0', '') }))

/** Splits a buffer at positions given as shares of its length. */
const splitAt = (data: Buffer, shares: readonly number[]): Buffer[] => {
  const ends = shares.map(share => Math.floor(share * data.length)).sort((a, b) => a - b)
  return [...ends, data.length].map((end, n) => data.subarray(ends[n - 1] ?? 0, end))
}

const parse = (pieces: readonly Buffer[], version: StompVersion): StompFrame[] => {
  const parser = new StompParser()
  parser.version = version
  return pieces.flatMap(piece => [...parser.read(piece)])
}

const readOne = (text: string, version: StompVersion = '1.2'): StompFrame => {
  const [frame, ...others] = parse([Buffer.from(text)], version)
  if (!frame || others.length > 0) throw new Error('not one frame')
  return frame
}

describe('the STOMP parser', () => {
  for (const version of stompVersions)
    it(`reads any frames of ${version} alike, however they are split and merged`, () => {
      fc.assert(
        fc.property(
          fc.array(frameOf(version), { minLength: 1, maxLength: 5 }),
          fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
          (written, shares) => {
            const data = Buffer.from(written.map(frame => write(frame, version)).join(''))
            const whole = parse([data], version)
            expect(whole.map(({ command, body }) => ({ command, body }))).to.deep.equal(
              written.map(({ command, body }) => ({ command, body })),
            )
            for (const [index, frame] of written.entries())
              for (const [name, value] of frame.headers.toReversed()) {
                const first = frame.headers.find(([other]) => other === name)?.[1] ?? value
                expect(whole[index]?.headers.get(name)).to.equal(first)
              }
            expect(parse(splitAt(data, shares), version)).to.deep.equal(whole)
            expect(
              parse(
                [...data].map(byte => Buffer.from([byte])),
                version,
              ),
            ).to.deep.equal(whole)
          },
        ),
        { numRuns: 150 },
      )
    })

  it('reads back what the encoder says', () => {
    fc.assert(
      fc.property(texts['1.2'], fc.string({ unit: 'binary' }), (value, body) => {
        const text = encodeFrame('1.2', 'MESSAGE', { value, absent: undefined }, body.toWellFormed())
        const { headers, body: read } = readOne(text.replace('MESSAGE', 'SEND'))
        expect(headers.get('value')).to.equal(value)
        expect(headers.has('absent')).to.equal(false)
        expect(read).to.equal(body.toWellFormed())
      }),
    )
  })

  it('never throws anything but BadFrame, and never reads more than it got', () => {
    const hostile = fc.string({
      unit: fc.constantFrom(
        'SEND',
        'CONNECT',
        '\n',
        '\r',
        '\0',
        ':',
        '\\',
        '\\x',
        'a',
        'content-length',
        '7',
        '-1',
        '__proto__',
      ),
      maxLength: 40,
    })
    fc.assert(
      fc.property(
        hostile,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
        (text, shares) => {
          const outcome = (pieces: readonly Buffer[]) => {
            const parser = new StompParser()
            parser.version = '1.2'
            const frames: StompFrame[] = []
            try {
              for (const piece of pieces) for (const frame of parser.read(piece)) frames.push(frame)
              return { frames, bad: false }
            } catch (error) {
              expect(error).to.be.instanceOf(BadFrame)
              return { frames, bad: true }
            }
          }
          const data = Buffer.from(text)
          expect(outcome(splitAt(data, shares))).to.deep.equal(outcome([data]))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('takes the version from where CONNECT was read, also within one piece', () => {
    const parser = new StompParser()
    const data = Buffer.from('CONNECT\npasscode:a\\cb\n\n\0\nSEND\nx:a\\cb\n\n\0')
    const frames: StompFrame[] = []
    for (const frame of parser.read(data)) {
      frames.push(frame)
      parser.version = '1.2'
    }
    expect(frames[0]?.headers.get('passcode'), 'CONNECT has no escapes').to.equal('a\\cb')
    expect(frames[1]?.headers.get('x')).to.equal('a:b')
  })

  for (const [what, text] of [
    ['an unknown command', 'SING\n\n\0'],
    ['a header without a colon', 'SEND\nheader\n\n\0'],
    ['a header without a name', 'SEND\n:value\n\n\0'],
    ['an unknown escape', 'SEND\na:\\t\n\n\0'],
    ['an escape cut short', 'SEND\na:b\\\n\n\0'],
    ['a content-length that is no number', 'SEND\ncontent-length:x\n\n\0'],
    ['a negative content-length', 'SEND\ncontent-length:-1\n\n\0'],
    ['a body longer than it says', 'SEND\ncontent-length:1\n\nab\0'],
    ['headers that end the frame', 'SEND\na:b\0'],
    ['too many headers', `SEND\n${'a:b\n'.repeat(STOMP_LIMITS.headers + 1)}\n\0`],
    ['headers that are too long', `SEND\na:${'b'.repeat(STOMP_LIMITS.headBytes)}`],
    ['a body announced too long', `SEND\ncontent-length:${STOMP_LIMITS.bodyBytes + 1}\n\n`],
    ['a body that is too long', `SEND\n\n${'b'.repeat(STOMP_LIMITS.bodyBytes + 1)}`],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => parse([Buffer.from(text)], '1.2')).to.throw(BadFrame)
    })

  it('takes what is just within its limits', () => {
    const headers = Array.from({ length: STOMP_LIMITS.headers }, (_, n) => `h${n}:v\n`).join('')
    expect(readOne(`SEND\n${headers}\n\0`).headers.size).to.equal(STOMP_LIMITS.headers)
    expect(readOne(`SEND\n\n${'b'.repeat(STOMP_LIMITS.bodyBytes)}\0`).body).to.have.length(
      STOMP_LIMITS.bodyBytes,
    )
  })

  it('has names like those of objects as plain headers', () => {
    const { headers } = readOne('SEND\n__proto__:a\nconstructor:b\n\n\0')
    expect([...headers]).to.deep.equal([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
  })

  it('lets no header of ours end the headers', () => {
    for (const version of stompVersions) {
      const text = encodeFrame(version, 'MESSAGE', { subscription: 'a\n\nb\0c\r\nd' })
      expect(text.split('\n\n')).to.have.length(2)
      expect(text.indexOf('\0')).to.equal(text.length - 1)
    }
  })
})
