import type { GroupNotice } from '../../client/index.ts'

/** Something of a group's feed, as one who is in it has heard it. */
export interface Heard {
  readonly seq: number
  readonly from: string
  /** Whom it lets in and out, where it is a notice. */
  readonly change?: { readonly joined: readonly string[]; readonly gone: readonly string[] }
}

export const heardMessage = (seq: number, from: string): Heard => ({ seq, from })

/** A notice's author hears it too, so it is nobody's own. */
export function heardNotice(seq: number, { event, from, users }: GroupNotice): Heard {
  switch (event) {
    case 'created':
      return { seq, from: '', change: { joined: [from, ...users], gone: [] } }
    case 'joined':
      return { seq, from: '', change: { joined: users, gone: [] } }
    case 'removed':
      return { seq, from: '', change: { joined: [], gone: users } }
    case 'left':
      return { seq, from: '', change: { joined: [], gone: [from] } }
    default:
      return { seq, from: '', change: { joined: [], gone: [] } }
  }
}
