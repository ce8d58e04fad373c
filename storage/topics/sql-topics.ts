import type { Database } from '../database.ts'
import { SqlOutbox } from './sql-outbox.ts'
import { SqlWebsites } from './sql-websites.ts'
import type { TopicSource, TopicStore } from './topic-store.ts'

export class SqlTopics implements TopicStore {
  readonly outbox: SqlOutbox
  readonly websites: SqlWebsites
  readonly sources: readonly TopicSource[]

  constructor(database: Database) {
    this.outbox = new SqlOutbox(database)
    this.websites = new SqlWebsites(database, this.outbox)
    this.sources = [this.websites]
  }
}
