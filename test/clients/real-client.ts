import type { TranscriptDialect } from 'sse-stream-kit/testing'

/** What a client made of a response. */
export interface ClientReading {
  text: string
  /** Tokens of the prompt and of the completion; absent where the client reports none. */
  usage?: [number | undefined, number | undefined]
  finishReason?: string | undefined
}

/** How a client reads. */
export interface ReadOptions {
  /** Called with each piece of text as it arrives. @default none */
  onText?: ((text: string) => void) | undefined
  /** Aborts the request. @default none */
  signal?: AbortSignal | undefined
  /** Whether the client repeats a request as often as it does by default; `false` for never. @default false */
  retries?: boolean | undefined
}

/** A published client, which asks the server at an address for one completion. Rejects with the client's error. */
export interface RealClient {
  name: string
  dialect: TranscriptDialect
  read: (url: string, options?: ReadOptions) => Promise<ClientReading>
}

/** What every client asks for. */
export const PROMPT = 'Say something'
export const MESSAGES: { role: 'user'; content: string }[] = [{ role: 'user', content: PROMPT }]
