/**
 * WebSocket close codes. The range decides what a client does: 1001–1015 and 4000–4499 reconnect,
 * 4500–4999 are terminal. Source: the JSON contract, "Liveness, limits, closing".
 */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  tooBig: 1009,
  serviceRestart: 1012,
  resync: 4000,
  slow: 4001,
  serverMoved: 4002,
  tooManyRequests: 4406,
  kicked: 4500,
  sessionInvalid: 4501,
  tokenExpired: 4502,
  unauthorized: 4503,
  authTimeout: 4504,
  protocolError: 4505,
} as const

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode]

export const isTerminal = (code: number): boolean => code >= 4500 && code <= 4999
