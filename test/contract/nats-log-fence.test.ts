import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { directFeed } from '../../protocol/ids.ts'
import { eventually } from '../support/eventually.ts'
import { NatsLogs } from '../support/nats-log.ts'
import { direct, newUser, ownership } from './message-log.ts'

const SCRIPT = join(import.meta.dirname, '../support/nats-paused-host.ts')

for (const count of [1, 3] as const) {
  describe(`a host that was paused, ${count} replica${count > 1 ? 's' : ''}`, function () {
    this.timeout(60_000)
    let logs: NatsLogs
    let child: ChildProcess | undefined

    before(async function () {
      logs = await NatsLogs.start(this, count)
    })
    afterEach(async () => {
      child?.kill('SIGKILL')
      await logs?.closeAll()
    })
    after(() => logs?.stop())

    function startHost(user: string, to: string): string[] {
      const lines: string[] = []
      const stdio = ['ignore', 'pipe', 'inherit'] as const
      const host = spawn(process.execPath, [SCRIPT, logs.servers.urls.join(','), user, to], {
        stdio: [...stdio],
      })
      createInterface({ input: host.stdout }).on('line', line => lines.push(line))
      child = host
      return lines
    }

    async function resumeAndEnd(): Promise<void> {
      const ended = once(child ?? expect.fail('no host'), 'exit')
      child?.kill('SIGCONT')
      expect(await ended).to.deep.equal([0, null])
    }

    async function pausedBeforeAnotherClaims(untilItIsCutOff: boolean): Promise<void> {
      const { log } = await logs.open()
      const [alice, bob] = [newUser(), newUser()]
      const lines = startHost(alice, bob)
      await eventually(() => expect(lines).to.have.length.at.least(50))
      child?.kill('SIGSTOP')
      if (untilItIsCutOff) await eventually(async () => expect(await connections(logs)).to.equal(1))
      const fence = await ownership(log, alice, 'new')
      const appended = await log.append(fence, [direct(alice, bob, 'new')])
      await resumeAndEnd()

      const seqs = lines.filter(line => /^\d+$/.test(line)).map(Number)
      expect(lines.filter(line => line === 'superseded')).to.have.length(20)
      expect(lines).to.include('told')
      expect(Math.max(...seqs)).to.be.lessThan(fence.epoch)
      const stored = (await log.read(directFeed(bob), 0, 100_000)).map(({ seq }) => seq)
      // One more may have been stored than it lived to hear of; none came after the new claim.
      expect(stored.filter(seq => seq > fence.epoch)).to.deep.equal(appended.map(({ seq }) => seq))
      expect(stored).to.include.members(seqs)
      expect(stored.length - 1 - seqs.length).to.be.within(0, 1)
    }

    it('writes nothing after another has claimed, and is told', () => pausedBeforeAnotherClaims(false))

    it('nor when the log had cut it off meanwhile', () => pausedBeforeAnotherClaims(true))
  })
}

/** All clients of all servers; the test itself has one. */
async function connections(logs: NatsLogs): Promise<number> {
  const counts = await Promise.all(logs.servers.nodes.map(node => node.connections()))
  return counts.reduce((sum, clients) => sum + clients, 0)
}
