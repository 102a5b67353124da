/** A proxy with the bug that the demo shows: it buffers the whole response before it forwards any of it. */
export function bufferingRelay(origin: string): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, search } = new URL(request.url)
    try {
      const upstream = await fetch(origin + pathname + search, {
        method: request.method,
        body: await request.arrayBuffer(),
        signal: request.signal,
      })
      return new Response(await upstream.arrayBuffer(), {
        status: upstream.status,
        headers: { 'content-type': upstream.headers.get('content-type') ?? 'text/plain' },
      })
    } catch (error) {
      const { cause } = error as { cause?: unknown }
      return new Response(String(cause ?? error), { status: 502 })
    }
  }
}
