import type { HttpReason } from './refusals.ts'

export interface WebsiteRefusal {
  readonly status: 400 | 401 | 403 | 404 | 409 | 500
  /** Stable, for programs. The ranges are the list sync contract's; what each number means is decided here. */
  readonly code: number
  readonly message: string
}

const refusal = (status: WebsiteRefusal['status'], code: number, message: string): WebsiteRefusal => ({
  status,
  code,
  message,
})

/** Every refusal under /api/v1/websites. */
export const websiteRefusals = {
  unauthorised: refusal(401, 1001, 'an access token is needed'),
  bad_token: refusal(401, 1002, 'the access token is not valid'),
  session_over: refusal(401, 1003, 'the access token has expired, or its session has been ended'),
  forbidden: refusal(403, 1004, 'changing websites needs the role admin'),

  missing_parameter: refusal(400, 2001, 'a parameter is missing'),
  bad_parameter: refusal(400, 2002, 'a parameter has no valid value'),
  bad_request: refusal(400, 2003, 'the request cannot be read'),

  website_not_found: refusal(404, 3001, 'no such website'),
  domain_taken: refusal(409, 3002, 'another website has this primary_domain'),
  path_not_found: refusal(404, 3003, 'no such path or method'),

  internal_error: refusal(500, 5001, 'unexpected failure'),
  database_failed: refusal(500, 5002, 'the database failed; whether the change was made is not known'),
  database_busy: refusal(500, 5003, 'too many writers at once; nothing was changed, try again'),
} as const satisfies Record<string, WebsiteRefusal>

export type WebsiteReason = keyof typeof websiteRefusals

/** What the gateway's own refusals, which all its routes share, are here. */
export const websiteReasonOf = (reason: HttpReason): WebsiteReason => shared[reason] ?? 'internal_error'

const shared: Partial<Record<HttpReason, WebsiteReason>> = {
  missing_access_token: 'unauthorised',
  invalid_access_token: 'bad_token',
  token_expired: 'session_over',
  session_invalid: 'session_over',
  bad_request: 'bad_request',
  not_found: 'path_not_found',
}
