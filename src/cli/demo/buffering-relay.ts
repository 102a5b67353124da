/** A proxy with the bug that the demo shows: it has the whole answer before it passes on any of it. */
export function bufferingRelay(origin: string): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, search } = new URL(request.url)
    try {
      const answer = await fetch(origin + pathname + search, {
        method: request.method,
        body: await request.arrayBuffer(),
        signal: request.signal,
      })
      return new Response(await answer.arrayBuffer(), {
        status: answer.status,
        headers: { 'content-type': answer.headers.get('content-type') ?? 'text/plain' },
      })
    } catch (error) {
      const { cause } = error as { cause?: unknown }
      return new Response(String(cause ?? error), { status: 502 })
    }
  }
}
