import { expect } from 'chai'
import { Pushes } from '../../../actors/pushes.ts'
import { type AttachRequest, RouteConfirmations } from '../../../actors/route-confirmations.ts'
import { Attachment } from '../../../actors/user/attachment.ts'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { subjects } from '../../../messaging/subjects.ts'
import { makeLogger } from '../../../runtime/logger.ts'
import { eventually } from '../../support/eventually.ts'

const CONNECTIONS = 1000
const MOST_QUESTIONS = 4

describe('routes that new owners take up', () => {
  let bus: MemoryBus
  let routes: RouteConfirmations
  let absent: string[]

  beforeEach(() => {
    bus = new MemoryBus()
    routes = new RouteConfirmations(bus)
    absent = []
  })
  afterEach(() => routes.close())

  function takeUp(count: number): Attachment[] {
    const parts = {
      hostId: 'h1',
      pushes: new Pushes(bus),
      reader: { read: () => Promise.resolve([]) } as never,
      logger: makeLogger('silent', 'test'),
      began: () => undefined,
      confirmed: () => undefined,
    }
    return Array.from({ length: count }, (_, n) => {
      const binding = { connId: `c${n}`, gatewayId: 'g1', sv: 0, device: 'd', outstanding: 1 }
      const attachment = new Attachment(binding, 1, false, parts)
      routes.ask(attachment, () => {
        attachment.stop()
        absent.push(binding.connId)
      })
      return attachment
    })
  }

  /** A gateway that has these connections; without any it does not answer. */
  function serve(has?: (connId: string) => boolean): string[][] {
    const questions: string[][] = []
    bus.subscribe(subjects.attach('g1'), ({ value, respond }) => {
      const connIds = (value as AttachRequest).connections.map(({ connId }) => connId)
      questions.push(connIds)
      if (has) respond?.({ present: connIds.filter(has) })
    })
    return questions
  }

  it(`are confirmed by their gateway with at most ${MOST_QUESTIONS} questions for ${CONNECTIONS}`, async () => {
    const questions = serve(connId => connId !== 'c7')
    const attachments = takeUp(CONNECTIONS)
    await eventually(() => expect(attachments.filter(({ waits }) => waits)).to.deep.equal([]))
    expect(absent).to.deep.equal(['c7'])
    expect(questions.length).to.be.at.most(MOST_QUESTIONS)
    expect(questions.flat()).to.have.length(CONNECTIONS)
  })

  it('are absent where nobody serves the gateway', async () => {
    takeUp(3)
    await eventually(() => expect(absent).to.deep.equal(['c0', 'c1', 'c2']))
  })

  it('are asked for one question at a time while their gateway does not answer, and only as long as they wait', async function () {
    this.timeout(10_000)
    const questions = serve()
    const [first, second] = takeUp(2)
    await eventually(() => expect(questions.length).to.equal(1))
    takeUp(0)
    first?.confirm()
    await eventually(() => expect(questions).to.deep.equal([['c0', 'c1'], ['c1']]))
    second?.stop()
    const before = questions.length
    serve(() => false)
    await eventually(() => expect(absent).to.deep.equal([]))
    takeUp(1)
    await eventually(() => expect(absent).to.deep.equal(['c0']))
    expect(questions.slice(before).flat()).not.to.include('c1')
  })
})
