import { TokenBucket } from 'limiter'

export interface RateSettings {
  readonly FRAMES_PER_SECOND: number
  readonly FRAMES_BURST: number
  readonly MESSAGES_PER_SECOND: number
  readonly MESSAGES_BURST: number
}

/** What one connection may send. */
export class Rates {
  readonly #frames: TokenBucket
  readonly #messages: TokenBucket

  constructor(settings: RateSettings) {
    this.#frames = fullBucket(settings.FRAMES_PER_SECOND, settings.FRAMES_BURST)
    this.#messages = fullBucket(settings.MESSAGES_PER_SECOND, settings.MESSAGES_BURST)
  }

  frame(): boolean {
    return this.#frames.tryRemoveTokens(1)
  }

  /** Its messages count for this bucket as well from now on. */
  share(messages: TokenBucket): void {
    this.#messages.parentBucket = messages
  }

  message(): boolean {
    return this.#messages.tryRemoveTokens(1)
  }
}

export function fullBucket(perSecond: number, burst: number): TokenBucket {
  const bucket = new TokenBucket({ tokensPerInterval: perSecond, interval: 1000, bucketSize: burst })
  bucket.content = burst
  return bucket
}
