import { expect } from 'chai'
import { ClusterTarget, unlimited } from '../support/cluster-target.ts'
import { gatewayOf, signToken } from '../support/target.ts'
import { WireClient } from '../support/wire-client.ts'

const USERS = 1000
const SECONDS = Number(process.env.LOGIN_STORM_SECONDS ?? 20)
/** Logins under way at once. */
const AT_ONCE = 16

interface Login {
  readonly client: WireClient
  readonly boundAt: number
}

describe(`${USERS} users logging in at random gateways for ${SECONDS} s`, function () {
  this.timeout((SECONDS + 120) * 1000)
  let target: ClusterTarget

  before(async () => {
    target = await ClusterTarget.start({ settings: unlimited })
  })
  after(() => target?.stop())

  it('leaves each with exactly one live connection, the last, and kicks nobody by mistake', async () => {
    const tokens = await Promise.all(
      Array.from({ length: USERS }, (_, user) => signToken(target, `storm${user}`)),
    )
    const current = new Map<number, Login>()
    const kickMs: number[] = []
    const wrong: string[] = []
    let logins = 0

    const replace = async (user: number, before: Login | undefined, boundAt: number) => {
      const closed = await before?.client.closed
      if (!closed) return
      kickMs.push(performance.now() - boundAt)
      if (closed.code !== 4500) wrong.push(`storm${user} was closed with ${closed.code} ${closed.reason}`)
    }
    const login = async (user: number) => {
      const client = await WireClient.authenticated(gatewayOf(target, logins++), tokens[user] ?? '')
      const boundAt = performance.now()
      const before = current.get(user)
      current.set(user, { client, boundAt })
      await replace(user, before, boundAt)
    }
    const end = performance.now() + SECONDS * 1000
    const worker = async (first: number) => {
      for (let user = first; performance.now() < end || user < USERS; user += AT_ONCE)
        await login(user % USERS)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => worker(first)))

    for (const [user, { client }] of current) {
      await client.settle().catch(() => wrong.push(`storm${user}'s last connection is dead`))
    }
    expect(wrong).to.deep.equal([])
    expect(current.size).to.equal(USERS)
    kickMs.sort((a, b) => a - b)
    const at = (share: number) => kickMs[Math.floor(share * (kickMs.length - 1))]?.toFixed(0)
    process.stdout.write(
      `      ${logins} logins, ${kickMs.length} kicks: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms\n`,
    )
    for (const { client } of current.values()) client.socket.terminate()
  })
})
