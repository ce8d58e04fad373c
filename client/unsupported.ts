/** The client's wire protocol has no words for what was asked; the server never heard of it. */
export class Unsupported extends Error {
  /** `lacking`: what the protocol does not have, as "MessagePack has no replies". */
  constructor(lacking: string) {
    super(lacking)
    this.name = 'Unsupported'
  }
}
