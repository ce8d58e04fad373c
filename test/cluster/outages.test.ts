import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { STREAM } from '../../messaging/nats-stream.ts'
import { ClusterTarget, unlimited } from '../support/cluster-target.ts'
import { until } from '../support/until.ts'
import { Talkers } from './talkers.ts'

const PAIRS = 8
const EVERY_MS = 100
const STARTED_WITHIN_MS = 30_000
const DATABASE_AWAY_MS = 10_000
const NATS_AWAY_MS = 5000
/** Without the log nothing is accepted; with one that elects a leader, nothing for as long as that takes. */
const BACK_WITHIN_MS = 10_000

for (const nats of [1, 3] as const)
  describe(`what a cluster with ${nats} NATS stands on goes away while its users talk`, function () {
    this.timeout(120_000)
    let target: ClusterTarget
    let startedMs: number
    let talkers: Talkers

    before(async () => {
      const start = performance.now()
      target = await ClusterTarget.start({ nats, settings: unlimited })
      startedMs = performance.now() - start
    })
    after(() => target?.stop())
    beforeEach(async () => {
      talkers = await Talkers.connect(target, PAIRS, EVERY_MS)
      talkers.talk()
      await until(() => talkers.saved > PAIRS * 3, 'nothing is saved')
    })
    afterEach(() => talkers?.close())

    /** Says what was measured, for whoever wants the figures. */
    async function settled(name: string, from: number, to: number): Promise<number> {
      const { count, longestPauseMs } = talkers.accepted(from, to)
      const total = await talkers.settle()
      process.stdout.write(
        `      ${name}: ${count} accepted meanwhile, longest pause ${Math.round(longestPauseMs)} ms; all ${total} saved and arrived in order\n`,
      )
      return longestPauseMs
    }

    it('after it was ready in less than 30 s', () => {
      process.stdout.write(`      ready after ${(startedMs / 1000).toFixed(1)} s\n`)
      expect(startedMs).to.be.below(STARTED_WITHIN_MS)
    })

    if (nats === 1) {
      it('the database for 10 s: accepted goes on, saved follows', async () => {
        const from = performance.now()
        await target.cluster.kill('database')
        const savedBefore = talkers.saved
        await delay(DATABASE_AWAY_MS)
        const to = performance.now()
        expect(talkers.saved - savedBefore, 'saved by no database').to.be.at.most(PAIRS)
        await target.cluster.restart('database')
        const pause = await settled('database away', from, to)
        expect(pause).to.be.below(2000)
      })

      it('NATS, back after 5 s: what was not accepted is repeated', async () => {
        await target.cluster.kill('nats-1')
        await delay(NATS_AWAY_MS)
        const from = performance.now()
        await target.cluster.restart('nats-1')
        await until(
          () => talkers.accepted(from, performance.now()).count > PAIRS,
          'nothing is accepted',
          40_000,
        )
        const pause = await settled('NATS back', from, performance.now())
        expect(pause).to.be.below(BACK_WITHIN_MS)
      })

      it('a saver: the other goes on', async () => {
        const from = performance.now()
        await target.cluster.kill('saver-1')
        const savedBefore = talkers.saved
        await until(() => talkers.saved - savedBefore > PAIRS * 10, 'nothing is saved', 20_000)
        await target.cluster.restart('saver-1')
        await settled('saver killed', from, performance.now())
      })
      return
    }

    it('the stream’s leader: another one is elected, and nothing that was acknowledged is missing', async () => {
      const leader = await leaderOf(target)
      const from = performance.now()
      await target.cluster.kill(leader)
      await until(
        () => talkers.accepted(from, performance.now()).count > PAIRS * 20,
        'nothing is accepted',
        40_000,
      )
      const pause = await settled('leader killed', from, performance.now())
      await target.cluster.restart(leader)
      expect(pause).to.be.below(BACK_WITHIN_MS)
    })
  })

interface StreamReport {
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string
      readonly cluster?: { readonly leader?: string }
    }[]
  }[]
}

/** The NATS server that leads the log's stream. */
async function leaderOf({ cluster }: ClusterTarget): Promise<string> {
  const http = cluster.processes.find(({ role }) => role === 'nats')?.ports.http
  const answer = await fetch(`http://127.0.0.1:${http}/jsz?streams=true`)
  const { account_details: accounts = [] } = (await answer.json()) as StreamReport
  const streams = accounts.flatMap(({ stream_detail: detail = [] }) => detail)
  const leader = streams.find(({ name }) => name === STREAM)?.cluster?.leader
  if (leader === undefined) throw new Error('the stream has no leader')
  return leader
}
