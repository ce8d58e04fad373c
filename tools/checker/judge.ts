import type { Attempt, Notice } from './groups/changes.ts'
import type {
  LoginLine,
  MembershipLine,
  NoticeLine,
  PresenceLine,
  ReadLine,
  RecvLine,
  SendLine,
  StatusLine,
  UnreadLine,
} from './history.ts'
import type { Ledger } from './ledger.ts'
import type { Message } from './messages.ts'
import type { Findings } from './violation.ts'

/**
 * Judges one promise. It sees each line that it has a method for, once and in order, when the ledger has taken it
 * in; `at` is the line's number. A violation is added as soon as it is certain, or at the end.
 */
export interface Judge {
  send?(line: SendLine, message: Message, at: number): void
  recv?(line: RecvLine, message: Message, at: number): void
  login?(line: LoginLine, at: number): void
  read?(line: ReadLine, at: number): void
  unread?(line: UnreadLine, at: number): void
  status?(line: StatusLine, at: number): void
  presence?(line: PresenceLine, at: number): void
  change?(line: MembershipLine, attempt: Attempt, at: number): void
  notice?(line: NoticeLine, notice: Notice, at: number): void
  quiet?(at: number): void
  end?(): void
}

export interface JudgeOptions {
  /**
   * How long, in milliseconds, an acknowledged message may take until its recipient's unread count has it (once it
   * is received, it must). 0 unless said otherwise.
   */
  readonly unreadLagMs?: number
}

export type JudgeClass = new (ledger: Ledger, findings: Findings, options: JudgeOptions) => Judge
