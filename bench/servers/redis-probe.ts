import { Redis } from 'ioredis'
import { waitUntil } from '../../tools/cluster/probe.ts'

/** Resolves once a Redis answers on the port; rejects after `withinMs`. */
export async function answersRedis(port: number, withinMs: number): Promise<void> {
  const answers = async () => {
    const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null })
    redis.on('error', () => undefined)
    try {
      await redis.connect()
      return (await redis.ping()) === 'PONG'
    } finally {
      redis.disconnect()
    }
  }
  if (!(await waitUntil(answers, AbortSignal.timeout(withinMs))))
    throw new Error('redis-server did not start')
}
