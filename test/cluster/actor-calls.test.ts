import { expect } from 'chai'
import { ClusterTarget, unlimited } from '../support/cluster-target.ts'
import { gatewayOf, newUser, signToken } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

const MESSAGES = 10_000
const PAIRS = 20
const UNDER_WAY = 50
const MOST_DAPR_CALLS = 50

describe('10,000 messages between connected users', function () {
  this.timeout(120_000)
  let target: ClusterTarget

  before(async () => {
    target = await ClusterTarget.start({ settings: unlimited })
  })
  after(() => target?.stop())

  it(`need fewer than ${MOST_DAPR_CALLS} calls through Dapr: NATS carries them`, async () => {
    const pairs = await Promise.all(Array.from({ length: PAIRS }, () => connectPair(target)))
    const before = await daprCalls(target)
    await Promise.all(pairs.map(pair => exchange(pair, MESSAGES / PAIRS)))
    const calls = (await daprCalls(target)) - before
    expect(calls).to.be.below(MOST_DAPR_CALLS)
    for (const { alice, bob } of pairs) {
      alice.socket.terminate()
      bob.socket.terminate()
    }
  })
})

interface Pair {
  readonly alice: WireClient
  readonly bob: WireClient
  readonly to: string
}

async function connectPair(target: ClusterTarget): Promise<Pair> {
  const to = newUser('bob')
  const alice = await WireClient.authenticated(
    gatewayOf(target, 0),
    await signToken(target, newUser('alice')),
  )
  const bob = await WireClient.authenticated(gatewayOf(target, 1), await signToken(target, to))
  return { alice, bob, to }
}

async function exchange({ alice, bob, to }: Pair, count: number): Promise<void> {
  for (let sent = 0; sent < count; ) {
    for (let i = 0; i < UNDER_WAY; i++) {
      alice.send({ type: 'SINGLE_CHAT', clientMsgId: `m${++sent}`, to, body: 'x' })
    }
    const received = await bob.atLeast(sent, { type: 'SINGLE_CHAT' })
    bob.send({ type: 'ACK', ackType: 'delivered', serverMsgId: received.at(-1)?.serverMsgId, upTo: true })
  }
  await alice.atLeast(count, { ackType: 'saved' })
}

/** Over all hosts, since they started. */
async function daprCalls({ cluster }: ClusterTarget): Promise<number> {
  const hosts = cluster.processes.filter(({ role }) => role === 'host')
  const counts = await Promise.all(
    hosts.map(async ({ ports }) => {
      const metrics = await (await fetch(`http://127.0.0.1:${ports.http}/metrics`)).text()
      return Number(/^homing_actor_calls_by_dapr_total (\d+)/m.exec(metrics)?.[1] ?? Number.NaN)
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}
