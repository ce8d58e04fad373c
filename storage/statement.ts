/** A statement that every database of ours understands. */
export interface Statement {
  readonly sql: string
  readonly parameters: readonly (string | number | null)[]
}
