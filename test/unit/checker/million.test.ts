import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { directConversation, groupConversation } from '../../../protocol/ids.ts'
import { HistoryWriter } from '../../../tools/checker/history-writer.ts'

const SENDS = 455_000
const UNREAD_EACH = 50
const USERS = 2_000
/** Every so many sends one goes to a group, whose members come and go. */
const GROUP_EACH = 50
const GROUPS = 20
const MEMBERS = 10
const CHANGE_EACH = 350

/** A group whose owner speaks, and whose members go and come back in turn. */
class Group {
  readonly #writer: HistoryWriter
  readonly #conv: string
  readonly #owner: string
  readonly #guests: readonly string[]
  readonly #out = new Set<string>()
  #changes = 0

  constructor(writer: HistoryWriter, index: number) {
    this.#writer = writer
    this.#conv = groupConversation(`g${index}`)
    this.#owner = `g${index}-owner`
    this.#guests = Array.from({ length: MEMBERS }, (_, n) => `g${index}-guest${n}`)
  }

  create(seq: number): void {
    this.#tell(seq, 'created', this.#guests)
  }

  say(seq: number): void {
    const [conv, from, id] = [this.#conv, this.#owner, `said-${seq}`]
    const sent = { f: 'send', proc: from, conv, from, id, conn: `${from}-1` } as const
    this.#writer.write({ type: 'invoke', ...sent })
    this.#writer.write({ type: 'ok', ...sent, seq })
    for (const user of this.#members)
      this.#writer.write({ type: 'ok', f: 'recv', ...receiverOf(user), conv, seq, id, from })
  }

  change(seq: number): void {
    const user = this.#guests[this.#changes++ % MEMBERS] ?? this.#owner
    const f = this.#out.has(user) ? 'join' : 'remove'
    const attempt = {
      f,
      proc: `${this.#owner}~${seq}`,
      by: this.#owner,
      users: [user],
      conv: this.#conv,
    } as const
    this.#writer.write({ type: 'invoke', ...attempt })
    this.#writer.write({ type: 'ok', ...attempt })
    if (f === 'join') this.#out.delete(user)
    this.#tell(seq, f === 'join' ? 'joined' : 'removed', [user])
    if (f === 'remove') this.#out.add(user)
  }

  get #members(): readonly string[] {
    return this.#guests.filter(user => !this.#out.has(user))
  }

  #tell(seq: number, event: string, users: readonly string[]): void {
    const notice = { conv: this.#conv, seq, event, from: this.#owner, users } as const
    for (const user of [this.#owner, ...this.#members])
      this.#writer.write({ type: 'ok', f: 'notice', ...receiverOf(user), ...notice })
  }
}

const receiverOf = (user: string) => ({ proc: user, user, conn: `${user}-1` }) as const

/** A send and its receipt are two operations, a question is one: a million with some to spare. */
function writeMillion(path: string): void {
  let t = 0
  const writer = new HistoryWriter(path, () => (t += 0.05))
  const recent: (() => void)[] = []
  const groups = Array.from({ length: GROUPS }, (_, index) => new Group(writer, index))
  for (const [index, group] of groups.entries()) group.create(index + 1)
  for (let seq = GROUPS + 1; seq <= SENDS; seq += 1) {
    const from = `user-${seq % USERS}`
    const user = `user-${(seq * 7 + 1) % USERS}`
    if (from === user) continue
    if (seq % GROUP_EACH === 0) {
      const group = groups[(seq / GROUP_EACH) % GROUPS]
      if (seq % CHANGE_EACH === 0) group?.change(seq)
      else group?.say(seq)
      continue
    }
    const conv = directConversation(from, user)
    const sent = { f: 'send', proc: from, conv, from, id: `${from}-${seq}`, conn: `${from}-1` } as const
    writer.write({ type: 'invoke', ...sent })
    recent.push(() => {
      writer.write({ type: 'ok', ...sent, seq })
      writer.write({
        type: 'ok',
        f: 'recv',
        proc: user,
        user,
        conn: `${user}-1`,
        conv,
        seq,
        id: sent.id,
        from,
      })
      if (seq % UNREAD_EACH !== 1) return
      const read = { f: 'read', proc: user, user, conv, upto: seq } as const
      writer.write({ type: 'invoke', ...read })
      writer.write({ type: 'ok', ...read })
      const question = { f: 'unread', proc: user, user, conv } as const
      writer.write({ type: 'invoke', ...question })
      writer.write({ type: 'ok', ...question, value: 0 })
    })
    // A hundred are on their way at any time.
    if (recent.length > 100) recent.shift()?.()
  }
  for (const answer of recent) answer()
  writer.write({ type: 'info', f: 'quiet', proc: 'drill' })
  writer.close()
}

describe('a history of a million operations', () => {
  let folder = ''

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'homing-million-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('is checked in seconds', function () {
    this.timeout(120_000)
    const path = join(folder, 'history.jsonl')
    writeMillion(path)
    const main = join(import.meta.dirname, '../../../tools/checker/main.ts')
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, path], { encoding: 'utf8' })
    expect(stderr).to.equal('')
    process.stdout.write(`      ${stdout.trimEnd().replaceAll('\n', '\n      ')}\n`)
    expect(stdout).to.include('no violation')
    expect(status).to.equal(0)
  })
})
