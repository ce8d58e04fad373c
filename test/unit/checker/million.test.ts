import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { directConversation } from '../../../protocol/ids.ts'
import { HistoryWriter } from '../../../tools/checker/history-writer.ts'

const SENDS = 491_000
const UNREAD_EACH = 50
const USERS = 2_000

/** A send and its receipt are two operations, a question is one: a million with some to spare. */
function writeMillion(path: string): void {
  let t = 0
  const writer = new HistoryWriter(path, () => (t += 0.05))
  const recent: (() => void)[] = []
  for (let seq = 1; seq <= SENDS; seq += 1) {
    const from = `user-${seq % USERS}`
    const user = `user-${(seq * 7 + 1) % USERS}`
    if (from === user) continue
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
      if (seq % UNREAD_EACH !== 0) return
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
