import { Worker } from './worker.ts'
import type { Answer, Order } from './worker-messages.ts'

// A process of the load tester: does what its launcher orders and ends with it.

const PROGRESS_MS = 1000

let worker: Worker | undefined

const answer = (message: Answer) => process.send?.(message)

async function obey(order: Order): Promise<void> {
  switch (order.order) {
    case 'connect':
      worker = new Worker(order.share)
      await worker.connect()
      answer({ answer: 'connected' })
      break
    case 'run':
      await worker?.run(order.startAt)
      answer({ answer: 'ran' })
      break
    case 'finish':
      if (worker) answer({ answer: 'finished', result: worker.finish() })
      break
    default:
      order satisfies never
  }
}

process.on('message', message => {
  obey(message as Order).catch(error =>
    answer({ answer: 'failed', reason: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches the whole group: the launcher decides.
process.on('SIGINT', () => undefined)
setInterval(() => {
  if (worker) answer({ answer: 'progress', progress: worker.progress })
}, PROGRESS_MS).unref()
