/** What the clients of one kind of server say; the same lean client speaks each, so that clients cost the same. */
export interface Dialect {
  /** Where the WebSocket is, after the server's address. */
  readonly path: string
  /** Frames are binary; here each is a text of one character (Latin-1) a byte. */
  readonly bytes?: true
  /** First frame of a user's connection. */
  hello(user: string): string
  /** Whether this frame answers the hello. */
  isWelcome(frame: string): boolean
  /** The sender's `n`th message. */
  message(n: number, to: string, body: string): string
  /** The number of the message of which this frame says that it is as safe as the server makes it. */
  done(frame: string): number | undefined
  /** The message that this frame brings. `seq` is what the receiver acknowledges it by. */
  received(frame: string): { readonly n: number; readonly seq: string } | undefined
  readonly acknowledgement?: Acknowledgement
  /** What the client has to answer to a frame of any kind: a heartbeat of the protocol's own. */
  reply?(frame: string): string | undefined
}

/** How receivers acknowledge messages. */
export interface Acknowledgement {
  readonly frame: (seq: string) => string
  /** Whether one frame may stand for all before it; then it is sent this often, else for every message. */
  readonly everyMs?: number
}
