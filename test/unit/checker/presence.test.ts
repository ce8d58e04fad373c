import { expect } from 'chai'
import { check } from '../../../tools/checker/check.ts'
import type { HistoryEvent, HistoryLine, PresenceLine } from '../../../tools/checker/history.ts'
import { Random } from '../../../tools/random.ts'

const USERS = ['u0', 'u1', 'u2', 'u3']
const seeds = Array.from({ length: 20 }, (_, index) => 2_000 + index)

/** Users who log in, say how they are there, and hear of each other late but in order; at the end all is quiet. */
class PresenceWorld {
  readonly lines: HistoryLine[] = []
  readonly #random: Random
  readonly #conn = new Map<string, string>()
  readonly #truth = new Map(USERS.map(user => [user, { status: 'online', ts: 0 }]))
  #t = 0

  constructor(seed: number, met: boolean) {
    this.#random = new Random(seed)
    for (const user of USERS) this.#login(user)
    if (met) for (const from of USERS) for (const user of USERS) if (from < user) this.#message(from, user)
    for (let step = 0; step < 200; step++) this.#step()
    for (const user of USERS) for (const of of USERS) if (of !== user) this.#tell(user, of)
    this.#write({ type: 'info', f: 'quiet', proc: 'drill' })
  }

  #step(): void {
    const [user, of] = [this.#random.pick(USERS), this.#random.pick(USERS)]
    if (this.#random.chance(0.1)) this.#login(user)
    else if (this.#random.chance(0.4)) this.#say(user)
    else if (of !== user) this.#tell(user, of)
  }

  #login(user: string): void {
    const conn = `${user}-${this.lines.length}`
    for (const type of ['invoke', 'ok'] as const)
      this.#write({ type, f: 'login', proc: user, user, conn, sv: 0 })
    this.#conn.set(user, conn)
  }

  #message(from: string, user: string): void {
    const seq = this.lines.length
    const message = { conv: `direct:${from}:${user}`, from, id: `${from}-${user}` }
    const [mine, theirs] = [this.#conn.get(from) ?? '', this.#conn.get(user) ?? '']
    this.#write({ type: 'invoke', f: 'send', proc: from, conn: mine, ...message })
    this.#write({ type: 'ok', f: 'send', proc: from, conn: mine, ...message, seq })
    this.#write({ type: 'ok', f: 'recv', proc: user, user, conn: theirs, ...message, seq })
  }

  #say(user: string): void {
    const status = this.#random.pick(['online', 'away', 'offline'])
    this.#truth.set(user, { status, ts: Math.ceil(this.#t) + 1 })
    this.#write({ type: 'info', f: 'status', proc: user, user, status })
  }

  #tell(user: string, of: string): void {
    const conn = this.#conn.get(user) ?? ''
    const { status, ts } = this.#truth.get(of) ?? { status: 'online', ts: 0 }
    this.#write({ type: 'ok', f: 'presence', proc: user, user, conn, of, status, ts })
  }

  #write(event: HistoryEvent): void {
    this.lines.push({ t: this.#t++, ...event })
  }
}

describe('the checker on histories of presence', () => {
  /** The lines, with one thing changed. */
  const planted = (seed: number, plant: (lines: HistoryLine[], random: Random) => void, met = true) => {
    const { lines } = new PresenceWorld(seed, met)
    plant(lines, new Random(seed))
    return [...check(lines).counts.keys()]
  }
  const heard = (lines: readonly HistoryLine[]) =>
    lines.flatMap((line, place) => (line.f === 'presence' ? [{ line, place }] : []))
  const other = ({ status }: PresenceLine) => (status === 'away' ? 'online' : 'away')

  it('finds nothing in clean ones', () => {
    for (const seed of seeds)
      expect(
        planted(seed, () => undefined),
        `seed ${seed}`,
      ).to.deep.equal([])
  })

  it('finds a final state that is not the truth', () => {
    for (const seed of seeds) {
      const found = planted(seed, (lines, random) => {
        const { line, place } = random.pick(heard(lines).slice(-USERS.length * (USERS.length - 1)))
        lines[place] = { ...line, status: other(line) }
      })
      expect(found, `seed ${seed}`).to.include('presence-wrong')
    }
  })

  it('holds a final state against nobody who need not be told any more', () => {
    for (const seed of seeds) {
      const untrue = (lines: HistoryLine[]) => {
        const last = heard(lines).at(-1)
        if (last) lines[last.place] = { ...last.line, status: other(last.line) }
      }
      expect(planted(seed, untrue, false), `seed ${seed}`).to.deep.equal([])
    }
  })

  it('finds somebody who never heard of the last change', () => {
    for (const seed of seeds) {
      const found = planted(seed, lines => {
        const last = heard(lines).at(-1)
        if (!last) return
        const { user, status } = { user: last.line.of, status: other(last.line) }
        lines.splice(lines.length - 1, 0, {
          t: last.line.t,
          type: 'info',
          f: 'status',
          proc: user,
          user,
          status,
        })
      })
      expect(found, `seed ${seed}`).to.include('presence-wrong')
    }
  })

  it('finds an older state that comes back, also where the truth follows', () => {
    for (const seed of seeds) {
      const found = planted(seed, (lines, random) => {
        const { line, place } = random.pick(heard(lines).filter(({ line }) => line.ts > 1))
        lines.splice(place, 0, line, { ...line, status: other(line), ts: line.ts - 1 })
      })
      expect(found, `seed ${seed}`).to.include('presence-resurrected')
    }
  })

  it('holds nothing against what comes late to a connection that was replaced', () => {
    for (const seed of seeds) {
      const found = planted(seed, lines => {
        const last = heard(lines).at(-1)
        if (last) lines.splice(last.place + 1, 0, { ...last.line, conn: 'earlier', status: other(last.line) })
      })
      expect(found, `seed ${seed}`).to.deep.equal([])
    }
  })
})
