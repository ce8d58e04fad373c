/** How often this server says and expects something where there is nothing to say, ms. */
const SERVER_MS = 10_000
/** A client may be late by this factor: timers and networks are not exact. */
const TOLERANCE = 2.5
/** A beat goes out this much before it is due, since the clock behind it ticks twice a second. ms */
const EARLY_MS = 1000

export interface HeartBeat {
  /** For the CONNECTED frame. */
  readonly header: string
  /** Between two beats of ours; undefined when the client wants none. ms */
  readonly sendMs: number | undefined
  /** A client silent for so long is gone; undefined when it promises none. ms */
  readonly silentMs: number | undefined
}

/** What follows from a CONNECT's heart-beat header. Source: STOMP 1.2, "Heart-beating". */
export function agreeHeartBeat(header: string | undefined): HeartBeat {
  const [sends, wants] =
    /^(\d{1,9}),(\d{1,9})$/
      .exec(header ?? '0,0')
      ?.slice(1)
      .map(Number) ?? []
  return {
    header: `${SERVER_MS},${SERVER_MS}`,
    sendMs: wants ? Math.max(SERVER_MS, wants) - EARLY_MS : undefined,
    silentMs: sends ? Math.max(SERVER_MS, sends) * TOLERANCE : undefined,
  }
}
