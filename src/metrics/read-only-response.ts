/** Responds to GET and HEAD with the result of `content`, never cached, and to any other method with 405. */
export function readOnlyResponse(
  request: Request,
  content: () => { status: number; contentType: string; body: string },
): Response {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const headers = { allow: 'GET, HEAD', 'cache-control': 'no-store' }
    return new Response(null, { status: 405, headers })
  }
  const { status, contentType, body } = content()
  const headers = { 'content-type': contentType, 'cache-control': 'no-store' }
  return new Response(request.method === 'HEAD' ? null : body, { status, headers })
}
