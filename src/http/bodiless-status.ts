/**
 * Whether a response with this status has no body: the null body statuses of the fetch standard that a final
 * response can have. `new Response(body)` throws for them.
 *
 * @see https://fetch.spec.whatwg.org/#null-body-status
 */
export function isBodilessStatus(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}
