import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { FileInUseError } from '../../../client/file-lock.ts'
import { FileOutbox } from '../../../client/file-outbox.ts'
import { HomingClient } from '../../../client/index.ts'
import { ScriptedServer } from './scripted-server.ts'
import { hasty, until } from './support.ts'

const text = (clientMsgId: string) => ({ clientMsgId, to: 'bob', body: clientMsgId })

describe('the outbox in a file', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'homing-outbox-'))
    path = join(folder, 'outbox')
  })

  afterEach(() => rm(folder, { recursive: true }))

  const reopened = async (): Promise<string[]> => {
    const outbox = await FileOutbox.open(path)
    const ids = (await outbox.load()).map(message => message.clientMsgId)
    await outbox.close()
    return ids
  }

  it('answers what was added and not removed, in order', async () => {
    const outbox = await FileOutbox.open(path)
    await Promise.all(['a', 'b', 'c', 'd'].map(id => outbox.add(text(id))))
    await outbox.remove('b')
    await outbox.close()
    expect(await reopened()).to.deep.equal(['a', 'c', 'd'])
  })

  it('reads over a torn last line and writes on behind it', async () => {
    await writeFile(path, `${JSON.stringify({ add: text('a') })}\n{"add":{"clientMs`)
    expect(await reopened()).to.deep.equal(['a'])
    const outbox = await FileOutbox.open(path)
    await outbox.add(text('b'))
    await outbox.close()
    expect(await reopened()).to.deep.equal(['a', 'b'])
  })

  it('says so when a line in the middle is damaged', async () => {
    await writeFile(path, `{"add":{"cl\n${JSON.stringify({ add: text('a') })}\n`)
    const error = await FileOutbox.open(path).catch((e: unknown) => e)
    expect(error).to.be.instanceOf(Error).and.to.have.property('message').that.includes('line 1')
  })

  it('writes itself anew when most of it is history', async () => {
    const outbox = await FileOutbox.open(path)
    await outbox.add(text('first'))
    for (let i = 0; i < 40; i += 1) {
      const ids = Array.from({ length: 50 }, (_, k) => `m${i}-${k}`)
      await Promise.all(ids.flatMap(id => [outbox.add(text(id)), outbox.remove(id)]))
    }
    await outbox.add(text('last'))
    await outbox.close()
    expect((await readFile(path, 'utf8')).split('\n').length).to.be.lessThan(1200)
    expect(await reopened()).to.deep.equal(['first', 'last'])
  })

  it('belongs to one at a time, until it is closed or its owner is dead', async () => {
    const outbox = await FileOutbox.open(path)
    expect(await FileOutbox.open(path).catch((e: unknown) => e)).to.be.instanceOf(FileInUseError)
    await outbox.close()
    await appendFile(`${path}.lock`, '999999999')
    expect(await reopened()).to.deep.equal([])
  })

  it('has everything that it said to have kept, after kill -9', async () => {
    const writer = spawn(process.execPath, [join(import.meta.dirname, 'outbox-writer.ts'), path])
    const done = await printedUntilKilled(writer, 3000)
    const kept = await reopened()
    const expected = done.filter(id => Number(id.slice(1)) % 3 !== 0)
    expect(kept.filter(id => expected.includes(id))).to.deep.equal(expected)
    expect(new Set(kept).size).to.equal(kept.length)
  })

  it('lets a restarted client send what the last one could not, before anything new', async () => {
    const server = await ScriptedServer.start()
    const first = await FileOutbox.open(path)
    const dead = new HomingClient({ url: server.url, token: 'good', outbox: first })
    dead.send({ to: 'bob', body: '1' })
    dead.send({ to: 'bob', body: '2' })
    await first.close() // stands for the process's end: nothing has been sent
    const second = await FileOutbox.open(path)
    const client = new HomingClient({ url: server.url, token: 'good', outbox: second, ...hasty })
    const saved: string[] = []
    client.on('saved', receipt => saved.push(receipt.serverMsgId))
    const sent = client.send({ to: 'bob', body: '3' })
    await client.connect()
    await sent.saved
    expect(server.log.map(message => message.body)).to.deep.equal(['1', '2', '3'])
    expect(saved).to.deep.equal(['1', '2', '3'])
    await until(() => client.unsaved === 0)
    client.close()
    await second.close()
    expect(await reopened()).to.deep.equal([])
    await server.stop()
  })
})

/** The lines that a child printed before it was killed, which is when there are `count`. */
async function printedUntilKilled(child: ChildProcess, count: number): Promise<string[]> {
  let output = ''
  child.stdout?.on('data', data => {
    output += data
    if (output.split('\n').length > count) child.kill('SIGKILL')
  })
  const [, signal] = await once(child, 'close')
  expect(signal).to.equal('SIGKILL')
  return output.split('\n').slice(0, -1)
}
