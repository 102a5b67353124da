/** The client sent an invalid request. Express and similar frameworks read the response status from `status`. */
export class BadRequestError extends TypeError {
  override readonly name = 'BadRequestError'
  readonly status = 400
}
