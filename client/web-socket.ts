/** What this client needs of a WebSocket: browsers', Node's own and the `ws` package's have it. */
export interface WebSocketLike {
  /** How binary data is handed on; browsers would hand on a Blob. */
  binaryType: string
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  /** Only some have it: gives the socket up without waiting for the other side. */
  terminate?(): void
  addEventListener(type: 'open', listener: () => void): void
  addEventListener(type: 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void
}

export type WebSocketClass = new (url: string) => WebSocketLike

/** `http://host:8080` or `ws://host:8080` → `ws://host:8080/ws`; a path that is there is kept. */
export function socketUrl(base: string, device?: string): string {
  const url = new URL(base)
  url.protocol = url.protocol.replace(/^http/, 'ws')
  if (url.pathname === '/') url.pathname = '/ws'
  if (device !== undefined) url.searchParams.set('device', device)
  return url.href
}
