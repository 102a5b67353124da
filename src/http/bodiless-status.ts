/**
 * Whether a response with this status has no body: the fetch standard's null body statuses, as far as they can be
 * the status of a final response. A `Response` that is given a body with one of them throws.
 *
 * @see https://fetch.spec.whatwg.org/#null-body-status
 */
export function isBodilessStatus(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}
