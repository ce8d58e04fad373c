import { expect } from 'chai'
import { MemoryBus } from '../../../messaging/memory-bus.ts'
import { LogBusy } from '../../../messaging/message-log.ts'
import { NatsGate } from '../../../messaging/nats-gate.ts'
import { Watermark } from '../../../messaging/watermark.ts'

describe('the gate of appends', () => {
  let now: number
  let watermark: Watermark
  let gate: NatsGate

  beforeEach(() => {
    now = 0
    watermark = new Watermark(new MemoryBus())
    gate = new NatsGate(watermark, { unsavedLimit: 100, unsavedAgeMs: 60_000 }, () => now)
  })

  it('is open for as many unsaved entries as are allowed, and closed for more until some are saved', () => {
    gate.saw(100)
    gate.check()
    gate.saw(101)
    expect(() => gate.check()).to.throw(LogBusy)
    watermark.advance(1)
    gate.check()
  })

  it('is closed while an unsaved entry is too old, whatever is newer', () => {
    watermark.advance(10)
    gate.saw(11)
    for (now = 0; now <= 60_000; now += 500) {
      gate.check()
      gate.saw(gate.seen + 1 - (gate.seen > 60 ? 1 : 0))
    }
    expect(() => gate.check()).to.throw(LogBusy)
    watermark.advance(11)
    gate.check()
    now += 1_500
    expect(() => gate.check()).to.throw(LogBusy)
  })

  it('is open after a long time in which everything was saved', () => {
    gate.saw(50)
    watermark.advance(50)
    now = 10_000_000
    gate.check()
    gate.saw(51)
    gate.check()
  })

  it('never goes back on what it has seen', () => {
    gate.saw(7)
    gate.saw(3)
    expect(gate.seen).to.equal(7)
  })
})
