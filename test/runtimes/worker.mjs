// The subject as a worker of workerd, which serves it itself.
import { subject } from './subject.mjs'

let handler

export default {
  fetch(request, env) {
    handler ??= subject(JSON.parse(env.SETTINGS))
    return handler(request)
  },
}
