import type { IncomingMessage, ServerResponse } from 'node:http'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifySchemaCompiler,
  FastifyTypeProvider,
  RawServerDefault,
} from 'fastify'
import type { z } from 'zod'
import { httpRefusals, isHttpReason } from './refusals.ts'

/** Gives handlers the types of their route's zod schemas. */
export interface ZodTypes extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown
  serializer: unknown
}

/** A Fastify instance whose routes take zod schemas, which stay readable on the routes. */
export type ZodApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypes
>

/** A body, query or path that its schema refuses. */
export class InvalidRequest extends Error {
  readonly statusCode = 400
  readonly issues: readonly z.core.$ZodIssue[]

  constructor(issues: readonly z.core.$ZodIssue[]) {
    super(issues.map(describeIssue).join('; '))
    this.name = 'InvalidRequest'
    this.issues = issues
  }
}

const describeIssue = ({ path, message }: z.core.$ZodIssue): string =>
  isHttpReason(message) ? httpRefusals[message].message : `${path.join('.') || 'request'}: ${message}`

export const compileValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    const result = schema.safeParse(data)
    return result.success ? { value: result.data } : { error: new InvalidRequest(result.error.issues) }
  }
