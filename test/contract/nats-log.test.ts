import { NatsLogs } from '../support/nats-log.ts'
import { messageLogContract } from './message-log.ts'

for (const count of [1, 3] as const) {
  describe(`the log on NATS, ${count} replica${count > 1 ? 's' : ''}`, function () {
    this.timeout(60_000)
    let logs: NatsLogs

    before(async function () {
      logs = await NatsLogs.start(this, count)
    })
    after(() => logs?.stop())

    messageLogContract(`NATS, ${count}`, async () => ({
      log: (await logs.open()).log,
      restart: async () => (await logs.open()).log,
      close: () => logs.closeAll(),
    }))
  })
}
