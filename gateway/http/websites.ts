import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebsiteStore } from '../../storage/topics/topic-store.ts'
import type { Sessions } from '../auth/sessions.ts'
import { hasRole } from '../auth/tokens.ts'
import { authenticate, sessionOf } from './authenticate.ts'
import type { ZodApp } from './validation.ts'
import { answerInWebsitesEnvelope, refuseWebsite, websitesEnvelope } from './websites-envelope.ts'
import { createBody, deleteBody, idParams, pageQuery, updateBody } from './websites-schemas.ts'

export interface WebsiteRoutes {
  readonly sessions: Sessions
  readonly websites: WebsiteStore
}

/** Under /api/v1/websites: what keeps the list; everybody signed in reads, admins write. Source: the list sync contract. */
export function addWebsiteRoutes(root: ZodApp, { sessions, websites }: WebsiteRoutes): void {
  const routes = async (app: ZodApp) => {
    answerInWebsitesEnvelope(app)
    app.addHook('onRequest', authenticate(sessions, websitesEnvelope))
    addReading(app, websites)
    addWriting(app, websites)
  }
  root.register(routes, { prefix: '/api/v1/websites' })
}

function addReading(app: ZodApp, websites: WebsiteStore): void {
  const { success } = websitesEnvelope

  app.get(
    '/',
    { schema: { querystring: pageQuery }, config: { summary: 'Websites, by page' } },
    async request => {
      const { page, pageSize } = request.query
      const { total, items } = await websites.page(page, pageSize)
      return success({ items, total, page, pageSize })
    },
  )

  app.get(
    '/:id',
    { schema: { params: idParams }, config: { summary: 'A website' } },
    async (request, reply) => {
      const website = await websites.find(request.params.id)
      return website ? success(website) : refuseWebsite(reply, 'website_not_found')
    },
  )
}

function addWriting(app: ZodApp, websites: WebsiteStore): void {
  const { success } = websitesEnvelope

  app.post(
    '/create',
    {
      onRequest: adminsOnly,
      schema: { body: createBody },
      config: { summary: 'Adds a website, for admins' },
    },
    async (request, reply) => {
      const created = await websites.create(request.body)
      return created.ok ? success({ id: created.id }) : refuseWebsite(reply, refusals[created.reason])
    },
  )

  app.post(
    '/update',
    {
      onRequest: adminsOnly,
      schema: { body: updateBody },
      config: { summary: 'Changes a website, for admins' },
    },
    async (request, reply) => {
      const { id, changes } = request.body
      const updated = await websites.update(id, changes)
      return updated.ok ? success({ success: true }) : refuseWebsite(reply, refusals[updated.reason])
    },
  )

  app.post(
    '/delete',
    {
      onRequest: adminsOnly,
      schema: { body: deleteBody },
      config: { summary: 'Deletes websites, for admins' },
    },
    async request => {
      const deleted = await websites.delete(request.body.ids)
      return success({ success: true, deleted })
    },
  )
}

const refusals = { taken: 'domain_taken', unknown: 'website_not_found' } as const

async function adminsOnly(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  return hasRole(sessionOf(request), 'admin') ? undefined : refuseWebsite(reply, 'forbidden')
}
