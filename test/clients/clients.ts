import { AI_SDK_CLIENTS } from './ai-sdk-clients.ts'
import { EVENT_CLIENTS } from './event-clients.ts'
import type { RealClient } from './real-client.ts'
import { SDK_CLIENTS } from './sdk-clients.ts'

/** Every client. */
export const ALL_CLIENTS: readonly RealClient[] = [
  ...SDK_CLIENTS,
  ...AI_SDK_CLIENTS,
  ...EVENT_CLIENTS,
]

/** The clients of the documented tables, in their order. sse.js runs in browsers only, where it uses an XHR. */
export const CLIENTS: readonly RealClient[] = ALL_CLIENTS.filter(({ name }) => name !== 'sse.js')
