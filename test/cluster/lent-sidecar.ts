import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'

// A program in a host's or a gateway's place that lends its sidecar to the test: it says in a file how to reach the
// sidecar, and passes on to the test what the sidecar asks of its application.
const { LENT_FOLDER, LENT_TO_PORT, HOMING_INSTANCE, HOMING_PORT, APP_PORT } = process.env
const { DAPR_HTTP_PORT, DAPR_API_TOKEN } = process.env

if (APP_PORT) {
  createTcpServer(near => {
    const far = connect(Number(LENT_TO_PORT), '127.0.0.1')
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) {
      socket.on('error', () => {
        near.destroy()
        far.destroy()
      })
    }
  }).listen(Number(APP_PORT), '127.0.0.1')
}
const lent = { port: Number(DAPR_HTTP_PORT), apiToken: DAPR_API_TOKEN }
writeFileSync(join(LENT_FOLDER ?? '', `${HOMING_INSTANCE}.json`), JSON.stringify(lent))
createServer((_request, response) => response.end('{}')).listen(Number(HOMING_PORT), '127.0.0.1')
