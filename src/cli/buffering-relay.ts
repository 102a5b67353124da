/** A proxy with the bug that the demo shows: it has the whole answer before it passes on any of it. */
export function bufferingRelay(origin: string): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, search } = new URL(request.url)
    const answer = await fetch(origin + pathname + search, {
      method: request.method,
      body: request.method === 'GET' ? null : await request.arrayBuffer(),
      signal: request.signal,
    })
    const isEmpty = answer.status === 204
    return new Response(isEmpty ? null : await answer.arrayBuffer(), {
      status: answer.status,
      headers: { 'content-type': answer.headers.get('content-type') ?? 'text/plain' },
    })
  }
}
