import type { GroupCommand } from '../../../actors/group/contract.ts'
import type { SendOp } from '../../../actors/user/contract.ts'
import { delay } from '../../../runtime/backoff.ts'
import { readSettings } from '../../../runtime/settings.ts'
import { SimulatedCluster } from './cluster.ts'
import { SimulatedDevice } from './device.ts'
import type { SimulatedGateway } from './gateway.ts'
import { Troubles } from './troubles.ts'
import { VirtualTime } from './virtual-time.ts'

const BOB = 'bob'
const GROUP = '7'
/** Longer than a call may take, ms. */
const ANSWERED_MS = 12_000
const QUIET_MS = 45_000
/** Of the history, in what a failure says. */
const TOLD = 40

/** Alice and carol write to bob while what can go wrong goes wrong; when all is well again he has everything. */
export class SimulatedWorld {
  readonly #seed: number
  readonly #time: VirtualTime
  readonly #cluster: SimulatedCluster
  readonly #devices: readonly SimulatedDevice[]
  readonly #troubles: Troubles
  readonly #history: string[] = []
  #failure: string | undefined
  /** Messages on their way to the log. */
  #unanswered = 0
  #calls = 0

  private constructor(seed: number, time: VirtualTime) {
    this.#seed = seed
    this.#time = time
    this.#cluster = new SimulatedCluster(time, {
      ...readSettings({}),
      OUTSTANDING_MESSAGES: time.pick([3, 8, 200]),
      DELIVER_BEFORE_SAVED: time.chance(0.7),
      ACTOR_IDLE_MS: 3000,
      FRAMES_PER_SECOND: 10_000,
      FRAMES_BURST: 10_000,
      ...(time.chance(0.4) && { DEVICE_POLICY: { keep: 'one-per-device' } as const }),
    })
    const several = this.#cluster.settings.DEVICE_POLICY !== undefined
    this.#devices = (several ? ['phone', 'tablet'] : ['phone']).map(
      name => new SimulatedDevice(this.#cluster, BOB, name, what => this.#fail(what)),
    )
    this.#troubles = new Troubles(this.#cluster, this.#devices, what => this.#note(what))
  }

  /** Rejects with the seed and what happened when a promise is broken. */
  static async run(seed: number): Promise<void> {
    const time = new VirtualTime(seed)
    await time.run(async () => {
      const world = new SimulatedWorld(seed, time)
      await world.#begin()
      await world.#trouble()
      world.#troubles.heal()
      for (const device of world.#devices) device.settle()
      await world.#untilQuiet()
      await world.#comeBack()
    })
  }

  async #begin(): Promise<void> {
    const [cluster, devices] = [this.#cluster, this.#devices]
    for (let n = 0; n < 3; n++) cluster.addHost()
    for (let n = 0; n < 2; n++) cluster.addGateway()
    cluster.database.onCursor = cursor => devices.find(({ name }) => name === cursor.device)?.check(cursor)
    await delay(100)
    await this.#change({ do: 'create', name: 'friends', policy: 'invited', users: ['carol'] })
    for (const device of devices) device.connect()
    await delay(2000)
  }

  async #trouble(): Promise<void> {
    const time = this.#time
    this.#troubles.begin()
    const share = time.pick([0.1, 0.3, 0.7])
    const senders = Promise.all(['alice', 'carol'].map(sender => this.#speak(sender, share)))
    const ins = this.#letInAndOut(time.pick([300, 1500]))
    for (let n = 0; n < 15; n++) {
      await delay(time.between(10, 1000))
      for (let together = time.pick([1, 1, 2, 3]); together > 0; together--) this.#troubles.cause()
      this.#stopIfFailed()
    }
    await Promise.all([senders, ins])
  }

  async #speak(sender: string, share: number): Promise<void> {
    const time = this.#time
    for (let n = 0; n < 20; n++) {
      await delay(time.between(10, 800))
      const count = time.chance(0.1) ? 10 : 1
      for (let more = 0; more < count; more++) this.#send(sender, time.chance(share))
    }
  }

  async #letInAndOut(everyMs: number): Promise<void> {
    for (let left = 9000; left > 0; left -= everyMs) {
      await delay(this.#time.between(0, 2 * everyMs))
      const last = this.#cluster.stream.spans(GROUP, BOB).at(-1)
      const isIn = last !== undefined && last.to === undefined
      void this.#change(isIn ? { do: 'remove', user: BOB } : { do: 'add', users: [BOB] })
    }
  }

  /** Repeats the message until it is accepted. */
  #send(sender: string, inGroup: boolean): void {
    const clientMsgId = `${++this.#calls}`
    const content = { clientMsgId, body: `${sender} ${clientMsgId}`, msgType: 'TEXT' }
    const op: SendOp = { op: 'send', ...content, ...(inGroup ? { group: GROUP } : { to: BOB }) }
    this.#unanswered++
    void this.#untilAnswered(async gateway => {
      const [result] = await gateway.users.call(sender, 'post', { ops: [op] })
      if (!result || !('seq' in result)) return undefined
      const stored = this.#cluster.stream.entry(result.seq)?.entry
      if (!stored || !('body' in stored) || stored.body !== content.body)
        this.#fail(`${content.body} was accepted as ${result.seq}, which the log does not have so`)
      return true
    }).then(() => this.#unanswered--)
  }

  /** Alice changes the group, and waits until everybody concerned knows. */
  async #change(command: GroupCommand): Promise<void> {
    const request = { by: 'alice', opId: `${++this.#calls}`, command }
    const result = await this.#untilAnswered(async gateway => {
      const answer = await gateway.groups.call(GROUP, 'change', request)
      return answer.ok || answer.reason !== 'busy' ? answer : undefined
    })
    if (!result.ok) return
    this.#note(`alice: ${command.do} in the group, ${result.seq}`)
    while (this.#cluster.database.position < result.seq) await delay(20)
    await this.#untilAnswered(async gateway => {
      await gateway.groups.call(GROUP, 'settle', { seq: result.seq })
      return true
    })
  }

  async #untilAnswered<T>(call: (gateway: SimulatedGateway) => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const gateway = this.#time.pick(this.#cluster.gateways)
      const answer = this.#time.as(gateway.bus.process, () => call(gateway)).catch(() => undefined)
      const given = await Promise.race([answer, delay(ANSWERED_MS).then(() => undefined)])
      if (given !== undefined) return given
      await delay(this.#time.between(50, 300))
    }
  }

  /** All is received and acknowledged, and then what alice and carol say last. */
  async #untilQuiet(): Promise<void> {
    const isAnswered = () => this.#unanswered === 0
    await this.#until(() => isAnswered() && this.#devices.every(({ missing }) => missing.length === 0))
    this.#note('alice and carol say one more thing')
    for (const sender of ['alice', 'carol']) for (const inGroup of [false, true]) this.#send(sender, inGroup)
    await this.#until(() => isAnswered() && this.#devices.every(({ behind }) => behind.length === 0))
  }

  /** Whoever comes back then is given nothing again. */
  async #comeBack(): Promise<void> {
    for (const device of this.#devices) {
      const { repeats } = device
      device.leave()
      device.connect()
      await delay(2000)
      this.#stopIfFailed()
      if (device.repeats > repeats) this.#fail(`${device.name} was given again what it had acknowledged`)
    }
    this.#stopIfFailed()
  }

  async #until(isSo: () => boolean): Promise<void> {
    for (const end = Date.now() + QUIET_MS; !isSo(); await delay(100)) {
      this.#stopIfFailed()
      if (Date.now() < end) continue
      const waiting = this.#devices.flatMap(({ behind }) => behind).slice(0, 5)
      this.#fail(`stuck: ${this.#unanswered} messages not accepted; still to come: ${waiting.join(', ')}`)
    }
    this.#stopIfFailed()
  }

  #note(what: string): void {
    this.#history.push(`${Math.round(this.#time.elapsed)} ms: ${what}`)
  }

  #fail(what: string): void {
    if (this.#failure !== undefined) return
    this.#note(what)
    this.#failure = what
  }

  #stopIfFailed(): void {
    if (this.#failure === undefined) return
    throw new Error(`seed ${this.#seed}: ${this.#failure}\n  ${this.#history.slice(-TOLD).join('\n  ')}`)
  }
}
