import { type Escapes, type StompVersion, unescapeHeader } from './escapes.ts'
import { type ClientCommand, clientCommands, type StompFrame } from './frame.ts'

export interface StompLimits {
  readonly headers: number
  /** Command and headers together, bytes. */
  readonly headBytes: number
  readonly bodyBytes: number
}

/** A token fits the head, a message's text in any escaping the body. */
export const STOMP_LIMITS: StompLimits = { headers: 64, headBytes: 16_384, bodyBytes: 65_536 }

/** Why what a client sent is no frame. Nothing after it can be read. */
export class BadFrame extends Error {
  constructor(detail: string) {
    super(detail)
    this.name = 'BadFrame'
  }
}

interface Head {
  readonly command: ClientCommand
  readonly headers: ReadonlyMap<string, string>
}

/** Where in the stream of frames the next byte belongs. */
type Place =
  | { readonly in: 'gap' }
  /** `line`: bytes of the current line so far, its CR not counted. */
  | { readonly in: 'head'; line: number }
  /** `length`: bytes before the closing NUL, where the head gave them. */
  | { readonly in: 'body'; readonly head: Head; readonly length: number | undefined }

/** Pieces kept as they came: a frame sent byte by byte must not cost a buffer each. */
const MAX_PIECES = 64
const NUL = 0
const LF = 10
const CR = 13

/**
 * Reads STOMP frames from pieces of any size: a piece may hold part of a frame, or several. Each byte is looked at
 * once; what is kept of an unfinished frame is bounded by the limits. After a BadFrame it must not be used again.
 */
export class StompParser {
  readonly #limits: StompLimits
  #place: Place = { in: 'gap' }
  /** The pieces of the unfinished head or body. */
  #pieces: Buffer[] = []
  #bytes = 0
  /** Decides the escapes of what follows CONNECT. */
  version: StompVersion = '1.0'

  constructor(limits: StompLimits = STOMP_LIMITS) {
    this.#limits = limits
  }

  /** The frames that this piece completes, each read when it is asked for. Throws BadFrame. */
  *read(piece: Buffer): Generator<StompFrame> {
    let at = 0
    while (at < piece.length) {
      const place = this.#place
      if (place.in === 'gap') at = this.#skipGap(piece, at)
      else if (place.in === 'head') at = this.#readHead(place, piece, at)
      else {
        const end = this.#endOfBody(place.length, piece, at)
        if (end === undefined) return
        const body = this.#take(piece, at, end).toString()
        at = end + 1
        this.#place = { in: 'gap' }
        yield { ...place.head, body }
      }
    }
  }

  /** Ends of lines between frames are heart-beats or padding. */
  #skipGap(piece: Buffer, start: number): number {
    for (let at = start; at < piece.length; at++) {
      if (piece[at] === LF || piece[at] === CR) continue
      this.#place = { in: 'head', line: 0 }
      return at
    }
    return piece.length
  }

  #readHead(place: Place & { in: 'head' }, piece: Buffer, start: number): number {
    for (let at = start; at < piece.length; at++) {
      const byte = piece[at]
      if (byte === NUL) throw new BadFrame('a frame ends in its headers')
      if (this.#bytes + at - start >= this.#limits.headBytes) throw new BadFrame('the headers are too long')
      if (byte === LF) {
        if (place.line === 0) {
          const head = readHead(this.#take(piece, start, at).toString(), this.version, this.#limits.headers)
          this.#place = { in: 'body', head, length: contentLength(head, this.#limits.bodyBytes) }
          return at + 1
        }
        place.line = 0
      } else if (byte !== CR) place.line++
    }
    this.#keep(piece, start)
    return piece.length
  }

  /** Where the body's NUL is in this piece; undefined, with the piece kept, when it is yet to come. */
  #endOfBody(length: number | undefined, piece: Buffer, start: number): number | undefined {
    const end = length === undefined ? piece.indexOf(NUL, start) : start + length - this.#bytes
    const known = end >= 0 && end < piece.length
    const bytes = this.#bytes + (known ? end : piece.length) - start
    if (bytes > this.#limits.bodyBytes) throw new BadFrame('the body is too long')
    if (known) {
      if (piece[end] !== NUL) throw new BadFrame('the body is not as long as content-length says')
      return end
    }
    this.#keep(piece, start)
    return undefined
  }

  #keep(piece: Buffer, start: number): void {
    if (this.#pieces.length === MAX_PIECES) this.#pieces = [Buffer.concat(this.#pieces)]
    this.#pieces.push(piece.subarray(start))
    this.#bytes += piece.length - start
  }

  /** What was kept, and the piece's part. */
  #take(piece: Buffer, start: number, end: number): Buffer {
    const part = piece.subarray(start, end)
    if (this.#pieces.length === 0) return part
    const whole = Buffer.concat([...this.#pieces, part])
    this.#pieces = []
    this.#bytes = 0
    return whole
  }
}

/** Source: STOMP 1.2, "Augmented BNF". A CR before an end of line belongs to that, in every version. */
function readHead(text: string, version: StompVersion, maxHeaders: number): Head {
  const [name = '', ...lines] = text.split('\n').map(line => (line.endsWith('\r') ? line.slice(0, -1) : line))
  const command = clientCommands.find(known => known === name)
  if (command === undefined) throw new BadFrame('unknown command')
  const headers = new Map<string, string>()
  const escapes = command === 'CONNECT' || command === 'STOMP' ? 'none' : version
  // The last line is the empty one that ends the head.
  if (lines.length - 1 > maxHeaders) throw new BadFrame('too many headers')
  for (const line of lines.slice(0, -1)) addHeader(headers, line, escapes)
  return { command, headers }
}

function addHeader(headers: Map<string, string>, line: string, escapes: Escapes): void {
  const colon = line.indexOf(':')
  if (colon <= 0) throw new BadFrame('a header without a name')
  const name = unescapeHeader(line.slice(0, colon), escapes)
  const value = unescapeHeader(line.slice(colon + 1), escapes)
  if (name === undefined || value === undefined) throw new BadFrame('an unknown escape in a header')
  if (!headers.has(name)) headers.set(name, value)
}

function contentLength({ headers }: Head, maxBytes: number): number | undefined {
  const text = headers.get('content-length')
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new BadFrame('content-length is no number')
  const length = Number(text)
  if (length > maxBytes) throw new BadFrame('the body is too long')
  return length
}
