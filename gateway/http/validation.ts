import type { IncomingMessage, ServerResponse } from 'node:http'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifySchemaCompiler,
  FastifyTypeProvider,
  RawServerDefault,
} from 'fastify'
import type { z } from 'zod'
import { parseExactJson } from '../../protocol/exact-json.ts'
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

/** A body that is no JSON. */
class BadJson extends Error {
  readonly statusCode = 400

  constructor(cause: unknown) {
    super('the body is not JSON', { cause })
    this.name = 'BadJson'
  }
}

/**
 * Reads bodies with ids beyond 2^53 exact; an empty one, which clients send with a POST that needs none, is
 * undefined. A `__proto__` is a field like any other here, and goes no further than the route's schema.
 */
export function acceptJson(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_request: unknown, text: string) => {
      if (text === '') return undefined
      try {
        return parseExactJson(text)
      } catch (error) {
        throw new BadJson(error)
      }
    },
  )
}
