import { expect } from 'chai'
import { FeedReader } from '../../../actors/feed-reader.ts'
import { answerRepeat } from '../../../actors/first-entry.ts'
import type { DirectEntry } from '../../../protocol/entries.ts'
import { newUser } from '../../contract/message-log.ts'
import { LaggingStore } from '../../support/lagging-store.ts'

describe('a repeat of a message', () => {
  let lagging: LaggingStore
  let reader: FeedReader
  before(async () => {
    lagging = await LaggingStore.open()
    // A saver follows this log, as in a cluster.
    const log = Object.create(lagging.log, {
      savesOnAppend: { value: false },
      entry: { value: (seq: number) => lagging.log.entry(seq) },
    })
    reader = new FeedReader(lagging.store.messages, log)
  })
  after(() => lagging.close())

  it('is answered as the first was, saved or not, and refused where the saver has passed the first by', async () => {
    const [alice, bob] = [newUser(), newUser()]
    const first = await lagging.append(alice, bob, 'one')
    const { body, ts } = first.entry as DirectEntry
    const repeat = async (other = body) =>
      answerRepeat({ to: bob, body: other }, await reader.first(first.seq))
    expect(await repeat(), 'not saved yet').to.deep.equal({ seq: first.seq, ts })
    await lagging.save()
    expect(await repeat(), 'saved').to.deep.equal({ seq: first.seq, ts })
    expect(await repeat('another')).to.deep.equal({ reason: 'client_msg_id_conflict' })

    await lagging.append(alice, bob, 'two')
    await lagging.save()
    await lagging.putAside(first)
    expect(await repeat(), 'a dead letter').to.deep.equal({ reason: 'internal_error' })
    expect(answerRepeat({ to: bob, body }, await reader.first(10 ** 9))).to.deep.equal({
      reason: 'server_busy',
    })
  })
})
