import type { HistoryLine, RecvLine, SendLine } from '../../../tools/checker/history.ts'
import type { Random } from '../../../tools/random.ts'

/** A message's lines, as places in the history. */
export interface Traced {
  readonly from: string
  readonly proc: string
  readonly conv: string
  readonly seq: number
  readonly invoked: number
  readonly acknowledged: number
  readonly receipts: readonly number[]
}

/** A connection that a later login has certainly replaced at `replacedAt`. */
export interface Replaced {
  readonly user: string
  readonly conn: string
  readonly replacedAt: number
}

/** Breaks a promise in a copy of a clean history. */
export class Planter {
  readonly lines: HistoryLine[]
  readonly random: Random

  constructor(lines: readonly HistoryLine[], random: Random) {
    this.lines = [...lines]
    this.random = random
  }

  get users(): string[] {
    return [...new Set(this.lines.flatMap(line => (line.f === 'login' ? [line.user] : [])))]
  }

  get highestSeq(): number {
    return Math.max(
      ...this.lines.flatMap(line => (line.f === 'recv' || line.f === 'notice' ? [line.seq] : [])),
    )
  }

  recvs(accept: (line: RecvLine) => boolean = () => true): { line: RecvLine; place: number }[] {
    return this.lines.flatMap((line, place) => (line.f === 'recv' && accept(line) ? [{ line, place }] : []))
  }

  directRecvs(): { line: RecvLine; place: number }[] {
    return this.recvs(({ conv }) => conv.startsWith('direct:'))
  }

  /** The messages that were acknowledged. */
  messages(): Traced[] {
    const invokes = new Map<string, { place: number; line: SendLine }>()
    const acknowledged = new Map<string, { place: number; seq: number }>()
    const receipts = new Map<string, number[]>()
    for (const [place, line] of this.lines.entries()) {
      if (line.f === 'recv') receipts.set(line.id, [...(receipts.get(line.id) ?? []), place])
      if (line.f !== 'send') continue
      if (line.type === 'invoke') invokes.set(line.id, { place, line })
      if (line.type === 'ok') acknowledged.set(line.id, { place, seq: line.seq })
    }
    return [...invokes].flatMap(([id, { place: invoked, line }]) => {
      const end = acknowledged.get(id)
      if (!end) return []
      const { from, proc, conv } = line
      const found = receipts.get(id) ?? []
      return [{ from, proc, conv, seq: end.seq, invoked, acknowledged: end.place, receipts: found }]
    })
  }

  replaced(): Replaced[] {
    const begun = new Map<string, number>()
    const confirmed: { user: string; conn: string; place: number }[] = []
    const replaced: Replaced[] = []
    for (const [place, line] of this.lines.entries()) {
      if (line.f !== 'login') continue
      const { user, conn } = line
      if (line.type === 'invoke') begun.set(conn, place)
      if (line.type !== 'ok') continue
      for (const older of confirmed)
        if (older.user === user && older.place < (begun.get(conn) ?? 0))
          replaced.push({ user, conn: older.conn, replacedAt: place })
      confirmed.push({ user, conn, place })
    }
    return replaced
  }

  replace(place: number, change: (line: HistoryLine) => HistoryLine): void {
    const line = this.lines[place]
    if (!line) throw new Error(`no line at ${place}`)
    this.lines[place] = change(line)
  }

  remove(place: number): void {
    this.lines.splice(place, 1)
  }

  /** Behind a line, at its time. */
  insertAfter(place: number, line: HistoryLine): void {
    const { t } = this.lines[place] ?? line
    this.lines.splice(place + 1, 0, { ...line, t })
  }

  /** Exchanges two messages' seqs wherever they are told. */
  swapSeqs(a: Traced, b: Traced): void {
    const swapped = new Map([
      [a.seq, b.seq],
      [b.seq, a.seq],
    ])
    for (const { acknowledged, receipts } of [a, b])
      for (const place of [acknowledged, ...receipts])
        this.replace(place, line =>
          'seq' in line && line.seq !== undefined
            ? ({ ...line, seq: swapped.get(line.seq) ?? line.seq } as HistoryLine)
            : line,
        )
  }
}
