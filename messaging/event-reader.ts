/**
 * The log's audit events as an auditor reads them. Like a saver's reader it acknowledges nothing to the log: where to
 * go on from is the auditor's own knowledge, and any number may read.
 */
export interface EventReader {
  /**
   * Up to `limit` events with seq ≥ `from`, in order, each as the log holds it. None may be left out in the middle;
   * the newest may be missing for a moment. Rejects with LogUnavailable.
   */
  events(from: number, limit: number): Promise<readonly StoredEvent[]>
  /** Removes events with seq ≤ `upTo`. Only for what is audited. Repeating it does no harm. */
  purgeEvents(upTo: number): Promise<void>
}

export interface StoredEvent {
  readonly seq: number
  readonly payload: Uint8Array
}
