import type { MessageLog } from '../../messaging/message-log.ts'
import type { Store } from '../../storage/store.ts'
import type { FeedReader } from '../feed-reader.ts'
import type { Announcements } from './announcements.ts'

/** What a process gives all its group actors. */
export interface GroupActorParts {
  readonly log: MessageLog
  readonly store: Store
  readonly reader: FeedReader
  readonly announcements: Announcements
}
