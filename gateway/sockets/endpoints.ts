/**
 * What a path under `/ws` speaks: our JSON, STOMP as it is, STOMP in SockJS's WebSocket frames, or one of SockJS's
 * transports over HTTP. Customers' and agents' endpoints are the same: what somebody may do, the token says.
 */
export type Endpoint =
  | { readonly speaks: 'json' | 'stomp' | 'sockjs' }
  | { readonly speaks: 'sockjs-http'; readonly session: string | undefined; readonly sends: boolean }

const STOMP = /^\/ws\/(?:chat|agent)(?:\/websocket)?\/?$/
/** Source: the SockJS protocol 0.3.3, "Base URLs": `/<server>/<session>/<transport>`, neither with a dot. */
const SOCKJS = /^\/ws\/(?:chat|agent)\/[\w-]{1,64}\/([\w-]{1,64})\/([a-z_]{1,16})$/
const SOCKJS_INFO = /^\/ws\/(?:chat|agent)(?:\/info)?\/?$/

/** Pages for frames are left out: they load scripts from elsewhere. */
const httpTransports = new Set(['xhr', 'xhr_streaming', 'xhr_send', 'eventsource', 'jsonp', 'jsonp_send'])

/** What an upgrade of this path leads to. */
export function upgradeEndpoint(path: string): Endpoint | undefined {
  if (path === '/ws') return { speaks: 'json' }
  if (STOMP.test(path)) return { speaks: 'stomp' }
  return SOCKJS.exec(path)?.[2] === 'websocket' ? { speaks: 'sockjs' } : undefined
}

/** What a plain request to this path leads to. */
export function requestEndpoint(path: string): (Endpoint & { speaks: 'sockjs-http' }) | undefined {
  if (SOCKJS_INFO.test(path)) return { speaks: 'sockjs-http', session: undefined, sends: false }
  const [, session, transport = ''] = SOCKJS.exec(path) ?? []
  if (session === undefined || !httpTransports.has(transport)) return undefined
  return { speaks: 'sockjs-http', session, sends: transport.endsWith('_send') }
}
