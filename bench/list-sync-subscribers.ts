import { once } from 'node:events'
import { WebSocket } from 'ws'

/**
 * A process full of subscribers for `bench/list-sync.ts`: `url token count`. They speak just enough of Engine.IO 4
 * and Socket.IO to hold the list, so that 10,000 fit a small machine. Tells its parent `ready`, and of each event
 * when the last of them has it.
 */
const [url = '', token = '', count = '0'] = process.argv.slice(2)
const PARALLEL = 50
const total = Number(count)
const received = new Map<number, number>()

let opened = 0
const open = async () => {
  while (opened < total) {
    opened++
    await subscribe()
  }
}
await Promise.all(Array.from({ length: PARALLEL }, open))
process.send?.('ready')

async function subscribe(): Promise<void> {
  const address = `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`
  const socket = new WebSocket(address, { perMessageDeflate: false })
  const listed = Promise.withResolvers<void>()
  socket.on('message', data => {
    const packet = String(data)
    if (packet === '2') socket.send('3')
    else if (packet.startsWith('0')) socket.send(`40${JSON.stringify({ token })}`)
    else if (packet.startsWith('42["connected"')) socket.send('42["request:websites"]')
    else if (packet.startsWith('42["websites:initial"')) listed.resolve()
    else if (packet.startsWith('42["websites:update"')) note(packet)
  })
  socket.on('close', () => process.exit(1))
  await Promise.all([once(socket, 'open'), listed.promise])
}

function note(packet: string): void {
  const id = Number(/"eventId":(\d+)/.exec(packet)?.[1])
  const by = (received.get(id) ?? 0) + 1
  received.set(id, by)
  if (by === total) process.send?.({ id, at: Date.now() })
}
