import { expect } from 'chai'
import { type Bus, type BusMessage, NoResponders, RequestTimeout } from '../../messaging/bus.ts'
import { eventually } from '../support/eventually.ts'

/** The promises of messaging/bus.ts; `make` opens the bus as another process would see it. */
export function busContract(name: string, make: () => Promise<Bus>): void {
  describe(`the bus (${name})`, () => {
    let here: Bus
    let there: Bus
    let subject: string

    beforeEach(async () => {
      here = await make()
      there = await make()
      subject = `actor-event.user.${Math.random().toString(36).slice(2)}`
    })

    /** What `there` has subscribed is in force `here`: servers of a cluster tell each other, in order. */
    async function inForce(): Promise<void> {
      const probe = `${subject}-probe-${Math.random().toString(36).slice(2)}`
      there.subscribe(probe, ({ respond }) => respond?.(true))
      await there.flush()
      await eventually(() => here.request(probe, null, 1_000))
    }

    /** Collects what arrives on a subject, from now on. */
    async function collect(from: string): Promise<BusMessage[]> {
      const received: BusMessage[] = []
      there.subscribe(from, message => received.push(message))
      await inForce()
      return received
    }

    const arrived = (received: BusMessage[], count: number) =>
      eventually(() => expect(received).to.have.length.at.least(count))

    it('delivers the values of one publisher in order, each once', async () => {
      const received = await collect(subject)
      const values = Array.from({ length: 500 }, (_, n) => ({ n }))
      for (const value of values) here.publish(subject, value)
      await arrived(received, values.length)
      expect(received.map(message => message.value)).to.deep.equal(values)
    })

    it('carries any JSON value, also text beyond ASCII, as it is', async () => {
      const received = await collect(subject)
      const values = [null, 0, '', 'héllo 世界 🙂', [1, [2]], { a: { b: false } }, 'x'.repeat(300_000)]
      for (const value of values) here.publish(subject, value)
      await arrived(received, values.length)
      expect(received.map(message => message.value)).to.deep.equal(values)
    })

    it('gives a value to every subscription, with the subject it was published on', async () => {
      const exact = await collect(`${subject}.a.b`)
      const tail = await collect(`${subject}.>`)
      here.publish(`${subject}.a.b`, 1)
      here.publish(`${subject}.c`, 2)
      await arrived(exact, 1)
      await arrived(tail, 2)
      expect(exact.map(message => message.subject)).to.deep.equal([`${subject}.a.b`])
      expect(tail.map(message => message.subject)).to.deep.equal([`${subject}.a.b`, `${subject}.c`])
    })

    it('has no way to answer what was only published', async () => {
      const received = await collect(subject)
      here.publish(subject, 1)
      await arrived(received, 1)
      expect(received[0]?.respond).to.equal(undefined)
    })

    it('answers each request with its own answer', async () => {
      there.subscribe(subject, ({ value, respond }) => respond?.({ twice: Number(value) * 2 }))
      await inForce()
      const answers = await Promise.all([1, 2, 3].map(n => here.request(subject, n, 2_000)))
      expect(answers).to.deep.equal([{ twice: 2 }, { twice: 4 }, { twice: 6 }])
    })

    it('takes the first answer of several', async () => {
      there.subscribe(subject, ({ respond }) => respond?.('first'))
      await inForce()
      there.subscribe(subject, ({ respond }) => setTimeout(() => respond?.('second'), 5))
      await inForce()
      expect(await here.request(subject, null, 2_000)).to.equal('first')
    })

    it('fails a request at once with NoResponders when nobody subscribes', async () => {
      const error = await failure(here.request(subject, 1, 60_000))
      expect(error).to.be.instanceOf(NoResponders)
    })

    it('fails a request that nobody answers with RequestTimeout', async () => {
      await collect(subject)
      const error = await failure(here.request(subject, 1, 50))
      expect(error).to.be.instanceOf(RequestTimeout)
    })

    it('delivers nothing to a drained subscription, and then has no responders', async () => {
      const received: BusMessage[] = []
      const subscription = there.subscribe(subject, message => received.push(message))
      await inForce()
      await subscription.drain()
      await inForce()
      const error = await failure(here.request(subject, 1, 2_000))
      expect(error).to.be.instanceOf(NoResponders)
      expect(received).to.deep.equal([])
    })

    it('keeps the other subscriptions of a subject when one is drained', async () => {
      const drained = there.subscribe(subject, () => {})
      const received = await collect(subject)
      await drained.drain()
      here.publish(subject, 1)
      await arrived(received, 1)
    })
  })
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    value => expect.fail(`answered ${JSON.stringify(value)}`),
    error => error,
  )
