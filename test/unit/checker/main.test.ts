import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { HistoryEvent } from '../../../tools/checker/history.ts'
import { accepted, historyOf, invoked, passed, quiet, received } from './history-lines.ts'

const main = join(import.meta.dirname, '../../../tools/checker/main.ts')

describe('the checker as a command', () => {
  let folder = ''

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'homing-checker-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function run(...args: string[]): { status: number | null; out: string; problem: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
    return { status, out: stdout, problem: stderr }
  }

  function runOn(text: string) {
    const path = join(folder, 'history.jsonl')
    writeFileSync(path, text)
    return run(path)
  }

  const textOf = (...events: HistoryEvent[]) =>
    historyOf(...events)
      .map(line => `${JSON.stringify(line)}\n`)
      .join('')

  const fault = (process: string): HistoryEvent => ({
    type: 'info',
    f: 'fault',
    proc: 'drill',
    what: 'kill',
    process,
    seed: 7,
  })

  it('exits with 0 when the history is clean', () => {
    const { status, out } = runOn(textOf(...passed('m1', 1), quiet))
    expect(out).to.include('2 operations in 4 lines').and.to.include('no violation')
    expect(status).to.equal(0)
  })

  it('exits with 1 on a violation and prints the first in words, its lines, the last five faults before it and counts', () => {
    const faults = ['a', 'b', 'c', 'd', 'e', 'f'].map(fault)
    const lost = [invoked('m1'), accepted('m1', 1), invoked('m2'), accepted('m2', 2)]
    const history = [...faults, ...lost, fault('later'), ...passed('m3', 3), received('m3', 3), quiet]
    const { status, out } = runOn(textOf(...history))
    expect(out).to.match(/first violation \(lost\): m1 from alice .* never reached bob/)
    expect(out).to.include('  line 7: {"t":6,"type":"invoke","f":"send"')
    expect(out.match(/fault before it.*/g)).to.deep.equal(
      ['b', 'c', 'd', 'e', 'f'].map(
        (name, index) => `fault before it, at ${index + 1} ms: kill ${name} (seed 7)`,
      ),
    )
    expect(out).to.include('  lost: 2\n').and.to.include('  duplicated: 1\n')
    expect(status).to.equal(1)
  })

  it('says what could not be judged', () => {
    const { status, out } = runOn(textOf(invoked('m1'), accepted('m1', 1)))
    expect(out).to.include('note: 1 acknowledged messages were not received, but no quiet line follows')
    expect(status).to.equal(0)
  })

  for (const [what, text, problem] of [
    ['a broken line', `${textOf(quiet)}{"t":`, 'line 2: not JSON'],
    ['an unknown f', `${textOf(quiet)}{"t":1,"type":"ok","f":"sent"}\n`, 'line 2: unknown f "sent"'],
    ['nothing in it', '', 'it is empty'],
  ] as const)
    it(`exits with 2 on a file with ${what}`, () => {
      const { status, problem: said } = runOn(text)
      expect(said).to.include(`unreadable: ${problem}`)
      expect(status).to.equal(2)
    })

  it('exits with 2 when there is no such file, none is named, or an option is wrong', () => {
    const missing = run(join(folder, 'missing.jsonl'))
    expect(missing.problem).to.include('missing.jsonl')
    const statuses = [missing, run(), run('a', 'b'), run('--fast'), run('a', '--unread-lag-ms', 'x')]
    expect(statuses.map(({ status }) => status)).to.deep.equal([2, 2, 2, 2, 2])
  })
})
