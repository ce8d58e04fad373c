import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SidecarClient } from '../../../dapr/sidecar-client.ts'
import { makeLogger } from '../../../runtime/logger.ts'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly token: string | undefined
  readonly body: string
}

type Behaviour = 'forward' | 'hang' | 'empty' | '500 {}'

/** An HTTP server in a sidecar's place: it can misbehave as daprd has been seen to. */
export class StandInSidecar {
  readonly seen: Seen[] = []
  readonly state = new Map<string, string>()
  /** What the next actor calls meet, one each; then all are forwarded. */
  behaviours: Behaviour[] = []
  placement = 'placement: connected'
  hostReady = true
  /** Where actor calls are forwarded to, and with which token. */
  app: { readonly port: number; readonly token?: string } | undefined
  /** Requests whose client went away before they were answered. */
  abandoned = 0
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '' } = request
    const body = Buffer.concat(chunks).toString()
    this.seen.push({ method, url, token: request.headers['dapr-api-token'] as string | undefined, body })
    const [, , kind, type, id, word, name] = url.split('/')
    if (kind === 'metadata') {
      response.end(JSON.stringify({ actorRuntime: { placement: this.placement, hostReady: this.hostReady } }))
    } else if (word === 'state') this.#answerState(`${type}/${id}`, name, body, response)
    else await this.#answerCall(url, body, response)
  }

  #answerState(actor: string, name: string | undefined, body: string, response: ServerResponse): void {
    if (name === undefined) {
      const operations = JSON.parse(body) as { request: { key: string; value: unknown } }[]
      for (const { request } of operations)
        this.state.set(`${actor}/${request.key}`, JSON.stringify(request.value))
    }
    const stored = this.state.get(`${actor}/${name}`)
    response.writeHead(stored === undefined ? 204 : 200).end(stored)
  }

  async #answerCall(url: string, body: string, response: ServerResponse): Promise<void> {
    const behaviour = this.behaviours.shift() ?? 'forward'
    if (behaviour === 'hang') response.once('close', () => this.abandoned++)
    else if (behaviour === 'empty') response.end()
    else if (behaviour === '500 {}' || !this.app) response.writeHead(500).end('{}')
    else {
      const answer = await fetch(`http://127.0.0.1:${this.app.port}${url.replace('/v1.0', '')}`, {
        method: 'PUT',
        body,
        headers: this.app.token === undefined ? {} : { 'dapr-api-token': this.app.token },
      })
      response.writeHead(answer.status).end(await answer.text())
    }
  }
}

export const silent = makeLogger('silent', 'test')

export async function startSidecar(
  timeoutMs = 200,
): Promise<{ sidecar: StandInSidecar; client: SidecarClient }> {
  const sidecar = new StandInSidecar()
  const port = await sidecar.start()
  return { sidecar, client: new SidecarClient({ port, apiToken: 'secret', timeoutMs }, silent) }
}
