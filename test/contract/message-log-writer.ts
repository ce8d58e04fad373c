import { MemoryBus } from '../../messaging/memory-bus.ts'
import { makeLogger } from '../../runtime/logger.ts'
import { DataDirectory } from '../../storage/data-directory.ts'
import { SqlLog } from '../../storage/sql-log.ts'
import { SqlStore } from '../../storage/sql-store.ts'
import { direct, ownership } from './message-log.ts'

/**
 * A process that appends to the log of a data directory until it is killed. It writes `<sender> <id> <seq>` for each
 * append that was answered, and `failed <id> <error>` for each that was refused.
 */
const [path = '', round = '0', senders = '20'] = process.argv.slice(2)
const directory = new DataDirectory(path)
const store = await SqlStore.sqlite(directory.database)
await store.migrate()
const log = new SqlLog(directory.database, new MemoryBus(), makeLogger('silent', 'writer'))

async function send(sender: string): Promise<void> {
  const fence = await ownership(log, sender, `${sender}-${round}`)
  for (let n = 0; ; n += 1) {
    const id = `${round}-${n}`
    try {
      const [appended] = await log.append(fence, [direct(sender, 'reader', id)])
      process.stdout.write(`${sender} ${id} ${appended?.seq}\n`)
    } catch (error) {
      process.stdout.write(`failed ${id} ${error instanceof Error ? error.name : error}\n`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
}

await Promise.all(Array.from({ length: Number(senders) }, (_, n) => send(`s${n}`)))
