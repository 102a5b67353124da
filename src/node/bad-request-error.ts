/** What the client sent is no request; `status` is where Express and its like look for the answer. */
export class BadRequestError extends TypeError {
  override readonly name = 'BadRequestError'
  readonly status = 400
}
