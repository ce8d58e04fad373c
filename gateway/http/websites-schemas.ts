import { z } from 'zod'

/** Source: RFC 1123, 2.1, and RFC 1035, 2.3.4. */
const MAX_HOST_CHARACTERS = 253
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
/** Characters of a column. */
const MAX_LINE_CHARACTERS = 64
export const MAX_PAGE_SIZE = 100
export const PAGE_SIZE = 20
/** A page further back than this costs more than it is worth. */
const MAX_PAGE = 100_000
/** Ids that one request may delete: each is an event, and they are one transaction. */
const MAX_IDS = 500

/** A name is the same in any case, so it is kept in lower case; one in other letters comes in its `xn--` form. */
const hostName = z
  .string()
  .max(MAX_HOST_CHARACTERS)
  .transform(text => text.toLowerCase())
  .refine(isHostName, 'must be a host name in ASCII, such as www.example.com')

/** An address is no host name: its last label is a number. */
function isHostName(text: string): boolean {
  const labels = text.split('.')
  return labels.every(label => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '')
}

const cname = z.union([z.literal(''), hostName])
const lineGroup = z
  .string()
  .min(1)
  .max(MAX_LINE_CHARACTERS)
  .refine(text => !/\p{Cc}/u.test(text), 'must have no control characters')
const status = z.enum(['active', 'inactive'])
const id = z.number().int().positive()

export const createBody = z.object({
  primary_domain: hostName,
  cname: cname.default(''),
  line_group: lineGroup.default('default'),
  https_enabled: z.boolean().default(false),
  status: status.default('active'),
})

const changes = z
  .object({ primary_domain: hostName, cname, line_group: lineGroup, https_enabled: z.boolean(), status })
  .partial()

export const updateBody = changes
  .extend({ id })
  .refine(body => Object.keys(body).length > 1, 'nothing to change')
  .transform(({ id, ...fields }) => ({ id, changes: given(fields) }))

export const deleteBody = z.object({
  ids: z
    .array(id)
    .min(1)
    .max(MAX_IDS)
    .transform(ids => [...new Set(ids)]),
})

export const pageQuery = z.object({
  page: z.coerce.number().int().min(1).max(MAX_PAGE).default(1),
  pageSize: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(PAGE_SIZE),
})

export const idParams = z.object({ id: z.coerce.number().int().positive() })

/** Without the fields that are undefined: they are not to be changed. */
function given(fields: z.output<typeof changes>): Given<z.output<typeof changes>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
