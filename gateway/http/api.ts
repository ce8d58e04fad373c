import type { Sessions } from '../auth/sessions.ts'
import { type AdminRoutes, addAdminRoutes } from './admin.ts'
import { authenticate } from './authenticate.ts'
import { addCustomerSessionRoutes, type CustomerSessionRoutes } from './customer-sessions.ts'
import { answerIn, restEnvelope } from './envelope.ts'
import { addGroupRoutes, type GroupRoutes } from './groups.ts'
import { addHistoryRoutes, type HistoryRoutes } from './history.ts'
import { addOfflineRoutes, type OfflineRoutes } from './offline.ts'
import { addPresenceRoutes, type PresenceRoutes } from './presence.ts'
import type { ZodApp } from './validation.ts'

export type ApiRoutes = { readonly sessions: Sessions } & HistoryRoutes &
  OfflineRoutes &
  GroupRoutes &
  CustomerSessionRoutes &
  PresenceRoutes &
  AdminRoutes

/** Everything under /api: authenticated by one hook, answered in one envelope. */
export function addApiRoutes(root: ZodApp, options: ApiRoutes): void {
  const routes = async (app: ZodApp) => {
    answerIn(restEnvelope, app)
    app.addHook('onRequest', authenticate(options.sessions, restEnvelope))
    addHistoryRoutes(app, options)
    addOfflineRoutes(app, options)
    addCustomerSessionRoutes(app, options)
    addGroupRoutes(app, options)
    addPresenceRoutes(app, options)
    addAdminRoutes(app, options)
  }
  root.register(routes, { prefix: '/api' })
}
