import type { RouteOptions } from 'fastify'
import { z } from 'zod'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route does, in one line of its documentation. */
    readonly summary?: string
    /** What the answer's `data` holds. */
    readonly data?: z.ZodType
  }
}

type Schema = Record<string, unknown>

export interface OpenApi {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly securitySchemes: object }
}

export interface Operation {
  readonly summary: string
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly required: true; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}

export interface Parameter {
  readonly in: 'path' | 'query'
  readonly name: string
  readonly required: boolean
  readonly schema: unknown
}

type Content = { readonly 'application/json': { readonly schema: unknown } }

const description = `Every answer under /api is {success, errCode, errMessage[, data]}, those under /auth are
{ok, code, message[, data], ts}. The bearer token names the user; nobody acts for another by naming an id.`

/** The document of routes, made of the zod schemas that also check their requests. */
export function toOpenApi(routes: readonly RouteOptions[]): OpenApi {
  const paths: Record<string, Record<string, Operation>> = {}
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}').replace(/(.)\/$/, '$1')
    const operations = paths[path] ?? {}
    paths[path] = operations
    for (const method of [route.method].flat()) operations[method.toLowerCase()] = operationOf(route)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Homing', version: '1', description },
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  }
}

function operationOf({ schema, config }: RouteOptions): Operation {
  const body = jsonSchema(schema?.body)
  return {
    summary: config?.summary ?? '',
    parameters: [...parametersOf('path', schema?.params), ...parametersOf('query', schema?.querystring)],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      200: { description: 'done', ...(config?.data && { content: answerOf(config.data) }) },
      default: { description: 'refused, in the same envelope' },
    },
  }
}

const answerOf = (data: z.ZodType): Content => ({
  'application/json': {
    schema: { type: 'object', properties: { data: jsonSchema(data) }, required: ['data'] },
  },
})

function parametersOf(place: Parameter['in'], type: unknown): Parameter[] {
  const schema = jsonSchema(type)
  const required = (schema?.required ?? []) as readonly string[]
  return Object.entries((schema?.properties ?? {}) as Record<string, unknown>).map(([name, property]) => ({
    in: place,
    name,
    required: place === 'path' || required.includes(name),
    schema: property,
  }))
}

/** What a client may send: before defaults and transformations. */
function jsonSchema(type: unknown): Schema | undefined {
  if (!(type instanceof z.ZodType)) return undefined
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' })
  return schema
}
