import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readHistory } from '../../../tools/checker/history-file.ts'
import { HistoryWriter } from '../../../tools/checker/history-writer.ts'
import { invoked, passed, quiet } from './history-lines.ts'

describe('a history writer', () => {
  let folder = ''
  const path = () => join(folder, 'history.jsonl')

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'homing-history-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('writes a line with its time each, in order', () => {
    let now = 1.00049
    const writer = new HistoryWriter(path(), () => now)
    writer.write(quiet)
    now = 2.5
    writer.write(invoked('mä'))
    writer.close()
    expect(readFileSync(path(), 'utf8').split('\n')).to.deep.equal([
      '{"t":1,"type":"info","f":"quiet","proc":"drill"}',
      '{"t":2.5,"type":"invoke","f":"send","proc":"alice","conv":"direct:alice:bob","from":"alice","id":"mä","conn":"alice-1"}',
      '',
    ])
  })

  it('keeps lines back until there are enough of them or it is flushed', () => {
    const writer = new HistoryWriter(path())
    writer.write(quiet)
    expect(readFileSync(path(), 'utf8')).to.equal('')
    writer.flush()
    expect(readFileSync(path(), 'utf8')).to.include('quiet')
    for (let i = 0; i < 2_000; i += 1) writer.write(quiet)
    expect(readFileSync(path(), 'utf8').length).to.be.greaterThan(64_000)
    writer.close()
    expect(writer.lines).to.equal(2_001)
  })

  it('writes what the reader reads, over many chunks', () => {
    const writer = new HistoryWriter(path())
    const events = Array.from({ length: 10_000 }, (_, index) => passed(`m${index}ü`, index + 1)).flat()
    for (const event of events) writer.write(event)
    writer.close()
    const lines = [...readHistory(path())]
    expect(lines.map(({ t: _, ...event }) => event)).to.deep.equal(events)
    expect(lines.every(({ t }, index) => t >= (lines[index - 1]?.t ?? 0))).to.equal(true)
  })

  it('refuses lines once it is closed, and closes but once', () => {
    const writer = new HistoryWriter(path())
    writer.close()
    writer.close()
    expect(() => writer.write(quiet)).to.throw('closed')
  })
})
