import { describe, expect, it } from 'vitest'
import { isBodilessStatus } from '../../src/http/bodiless-status.ts'

describe('isBodilessStatus', () => {
  it('agrees with Response for every final status', () => {
    for (let status = 200; status <= 599; status++) {
      const make = () => new Response('body', { status })
      if (isBodilessStatus(status)) expect(make).toThrow(TypeError)
      else expect(make).not.toThrow()
    }
  })
})
