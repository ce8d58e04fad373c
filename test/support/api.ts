/** JSON over HTTP, as any client would. */
export async function api(
  url: string,
  path: string,
  { token, method, body }: { token?: string; method?: string; body?: unknown } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(new URL(path, url), {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Unread counts by conversation, from the REST interface. */
export async function unreadOf(url: string, user: string, token: string): Promise<Record<string, number>> {
  const { body } = await api(url, `/api/im/offline/unread-counts?userId=${user}`, { token })
  const rows = body.data as { conversationId: string; unreadCount: number }[]
  return Object.fromEntries(rows.map(row => [row.conversationId, row.unreadCount]))
}
