import { Superseded } from '../../messaging/message-log.ts'
import { direct, ownership } from '../contract/message-log.ts'
import { openLog } from './nats-log.ts'

/**
 * A host that appends until its claim is superseded, and then 20 times more: to be paused meanwhile. It writes the
 * seq of each append that was answered, `superseded` for each that was refused, and `told` when it was told.
 */
const [urls = '', user = '', to = ''] = process.argv.slice(2)
const { log } = await openLog(urls.split(','))
const fence = await ownership(log, user, 'paused')
log.watchClaims(fence.owner, 'paused', () => process.stdout.write('told\n'))
await log.flush()
let refused = 0
for (let n = 0; refused < 20; n += 1) {
  try {
    const [appended] = await log.append(fence, [direct(user, to, `m${n}`)])
    process.stdout.write(`${appended?.seq}\n`)
  } catch (error) {
    if (!(error instanceof Superseded)) throw error
    refused += 1
    process.stdout.write('superseded\n')
  }
}
process.exit(0)
